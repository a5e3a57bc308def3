//! Rust source as the contract tests read it: code without comments and without the content of strings, and the
//! strings apart. Knows no rule.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file below the project's root.
pub struct Source {
    /// Relative to the project, with `/`.
    pub path: String,
    pub text: String,
    /// As long as the text; comments and the content of strings are blanks.
    pub code: String,
    /// Byte position and content of every string literal.
    pub strings: Vec<(usize, String)>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` whose name ends with `ending`, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("folder").map(|entry| entry.expect("entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.to_string_lossy().ends_with(ending) {
                let short = entry.strip_prefix(root()).expect("inside").to_string_lossy().replace('\\', "/");
                found.push((short, entry));
            }
        }
    }
    found.sort();
    found
}

/// All of `src`.
pub fn sources() -> Vec<Source> {
    let all: Vec<_> = files("src", ".rs")
        .into_iter()
        .map(|(path, file)| Source::parse(path, fs::read_to_string(file).expect("UTF-8")))
        .collect();
    assert!(all.len() > 100, "the source tree was not found");
    all
}

impl Source {
    pub fn parse(path: String, text: String) -> Self {
        let (code, strings) = mask(&text);
        assert_eq!(code.len(), text.len());
        Self { path, text, code, strings }
    }

    /// The room: the first part of the path below `src`.
    pub fn room(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// By name: `tests.rs` and `…_tests.rs` are unit tests in a file of their own.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.ends_with("_tests.rs")
    }

    /// The code before the inline unit tests, which stand at the end of a file.
    pub fn product_code(&self) -> &str {
        if self.is_test() {
            return "";
        }
        let end = self.code.find("#[cfg(test)]").unwrap_or(self.code.len());
        self.code.get(..end).unwrap_or_default()
    }

    /// The strings of the product, not of its unit tests.
    pub fn product_strings(&self) -> impl Iterator<Item = &str> {
        let end = self.product_code().len();
        self.strings.iter().filter(move |(at, _)| *at < end).map(|(_, text)| text.as_str())
    }

    pub fn line_of(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// Positions at which `word` stands as a whole word.
pub fn words(code: &str, word: &str) -> Vec<usize> {
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| !part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !part(bytes.get(at + word.len())))
        .collect()
}

fn mask(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some((open, body, whole)) = literal(text, at) {
            strings.push((at, rest[open..open + body].to_owned()));
            blank(&mut code[at + open..at + open + body]);
            at += whole;
            continue;
        } else if let Some(length) = character(rest) {
            length
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        blank(&mut code[at..at + skipped]);
        at += skipped;
    }
    (String::from_utf8(code).expect("only whole characters are blanked"), strings)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// Length of a block comment; they nest.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest.as_bytes()[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.as_bytes()[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// A string literal at `at`: length of its opening, of its content, of all.
fn literal(text: &str, at: usize) -> Option<(usize, usize, usize)> {
    let rest = &text.as_bytes()[at..];
    let after_word = at > 0 && (text.as_bytes()[at - 1].is_ascii_alphanumeric() || text.as_bytes()[at - 1] == b'_');
    let prefix = if after_word { 0 } else { rest.iter().take(2).take_while(|byte| b"brc".contains(byte)).count() };
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let raw = rest[..prefix].contains(&b'r');
    let open = prefix + hashes + 1;
    if rest.get(open - 1) != Some(&b'"') || (hashes > 0 && !raw) {
        return None;
    }
    let mut end = open;
    if raw {
        let close = format!("\"{}", "#".repeat(hashes));
        end += text[at + open..].find(&close).expect("a raw string ends");
    } else {
        while rest[end] != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
    }
    Some((open, end - open, end + 1 + hashes))
}

/// Length of a character literal, so that `'"'` opens no string; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let mut chars = inner.char_indices();
    let (_, first) = chars.next()?;
    let close = match first {
        '\\' => inner.char_indices().skip(2).find(|(_, c)| *c == '\'')?.0,
        _ => chars.next().filter(|(_, c)| *c == '\'')?.0,
    };
    Some(close + 2)
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let text = r####"a("x // no", 'q', '"', b'\'', r#"raw " #"#, "é\"b"); // crate::c
/* crate::d /* nested */ still */ fn f<'a>(_: &'a str) { let _ = b"w"; }"####;
    let source = Source::parse("src/x.rs".into(), text.into());
    assert!(!source.code.contains("crate::"), "{}", source.code);
    assert!(source.code.contains("fn f<'a>(_: &'a str)"), "{}", source.code);
    let strings: Vec<_> = source.strings.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(strings, ["x // no", "raw \" #", "é\\\"b", "w"]);
}
