//! The lines between `---` at the head of a Markdown file: title, category, audience, language. A strict reader for
//! `key: value` and lists of words, instead of all of YAML: what decides who may see a document is understood or refused.

use super::refusal::Refusal;
use crate::model::{documents::Language, roles::Role};

/// How far a head that has no end is looked through.
const HEAD_LINES: usize = 50;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
    pub title: Option<String>,
    pub category: Option<String>,
    pub audience: Option<Vec<Role>>,
    pub language: Option<Language>,
    pub warnings: Vec<String>,
}

/// What stands at the head, and the text after it.
pub fn split(text: &str) -> Result<(FrontMatter, &str), Refusal> {
    let Some((block, rest)) = block(text) else {
        return match names_audience(text) {
            true => Err(Refusal::Audience("The lines at its head name who it is for and cannot be read.".into())),
            false => Ok((FrontMatter::default(), text)),
        };
    };
    let mut read = FrontMatter::default();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            read.warnings.push(format!("The line `{}` at its head was not understood.", shorten(line)));
            continue;
        };
        let mut items = Vec::new();
        while let Some(item) = lines.next_if(|next| is_item(next)) {
            items.push(plain(item.trim_start().trim_start_matches('-')));
        }
        read.take(&plain(key), value, items)?;
    }
    Ok((read, rest))
}

/// A head begins with `---` and a line that names a key; otherwise it is a line across the page.
fn block(text: &str) -> Option<(&str, &str)> {
    let after = text.trim_start().strip_prefix("---")?.trim_start_matches([' ', '\t']).strip_prefix('\n')?;
    let first = after.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    let (key, _) = first.split_once(':')?;
    if !key.chars().all(|c| c.is_alphanumeric() || "_-#\"' ".contains(c)) {
        return None;
    }
    let mut at = 0;
    for line in after.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((after.get(..at)?, after.get(at + line.len()..)?));
        }
        at += line.len();
    }
    None
}

/// A head that is not ours (TOML, no end, no keys) and speaks of an audience all the same.
fn names_audience(text: &str) -> bool {
    let text = text.trim_start();
    let named = |line: &str| {
        let key = line.trim_start_matches([' ', '"', '\'']).to_lowercase();
        key.strip_prefix("audience")
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with([':', '=']))
    };
    (text.starts_with("---") || text.starts_with("+++")) && text.lines().take(HEAD_LINES).any(named)
}

fn is_item(line: &str) -> bool {
    line.trim_start().starts_with("- ")
}

impl FrontMatter {
    fn take(&mut self, key: &str, value: &str, items: Vec<String>) -> Result<(), Refusal> {
        let text = plain(value);
        let some = |text: String| (!text.is_empty()).then_some(text);
        match key.to_lowercase().as_str() {
            "title" => self.title = some(text),
            "category" => self.category = some(text),
            "language" | "lang" => {
                self.language = Language::parse(&text);
                if self.language.is_none() {
                    self.warnings.push(format!("The language `{}` is not known.", shorten(&text)));
                }
            }
            "audience" => self.audience = Some(self.roles(value, items)?),
            // Lists and values of other keys belong to other programs.
            _ => {}
        }
        Ok(())
    }

    fn roles(&self, value: &str, items: Vec<String>) -> Result<Vec<Role>, Refusal> {
        if self.audience.is_some() {
            return Err(Refusal::Audience("The document says twice who it is for.".into()));
        }
        let value = uncommented(value);
        let inline = match value.strip_prefix('[').map(|list| list.strip_suffix(']')) {
            Some(Some(list)) => list.split(',').map(plain).filter(|word| !word.is_empty()).collect(),
            Some(None) => return Err(Refusal::Audience("The list of roles it is for has no end.".into())),
            None if value.is_empty() => Vec::new(),
            None => vec![plain(value)],
        };
        let words: Vec<String> = inline.into_iter().chain(items).collect();
        let role = |word: &String| {
            Role::ALL
                .into_iter()
                .find(|role| role.as_str() == word)
                .ok_or_else(|| Refusal::Audience(format!("The document is for `{}`, which is no role.", shorten(word))))
        };
        let mut roles = words.iter().map(role).collect::<Result<Vec<_>, _>>()?;
        if roles.is_empty() {
            return Err(Refusal::Audience("The document names nobody whom it is for.".into()));
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }
}

/// Without quotation marks, or without a comment.
fn plain(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        if let Some((inner, after)) = inner
            && (after.trim().is_empty() || after.trim_start().starts_with('#'))
        {
            return inner.to_owned();
        }
    }
    uncommented(value).to_owned()
}

fn uncommented(value: &str) -> &str {
    let value = value.trim();
    if value.starts_with('#') {
        return "";
    }
    value.split_once(" #").map_or(value, |(before, _)| before).trim()
}

fn shorten(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (FrontMatter, &str) {
        split(text).unwrap()
    }

    #[test]
    fn keys_and_lists() {
        let (head, rest) = read(concat!(
            "---\n# about this file\ntitle: \"How: it works\" # said so\ncategory: guide\naudience: [admin, manager,]\n",
            "language: de-AT\ntags:\n  - a\n  - b\n---\n\n# Text\n"
        ));
        let expected = FrontMatter {
            title: Some("How: it works".into()),
            category: Some("guide".into()),
            audience: Some(vec![Role::Manager, Role::Admin]),
            language: Some(Language::German),
            warnings: Vec::new(),
        };
        assert_eq!((head, rest), (expected, "\n# Text\n"));
        assert_eq!(
            read("---\naudience:\n- viewer\n- 'admin'\n---\n").0.audience,
            Some(vec![Role::Viewer, Role::Admin])
        );
        assert_eq!(read("---\naudience: manager\n---\n").0.audience, Some(vec![Role::Manager]));
    }

    #[test]
    fn a_line_across_the_page_is_no_head() {
        for text in
            ["---\n\nJust text\n\n---\n", "---\nkey: no end\n", "text\n---\nkey: a\n---\n", "----\nkey: a\n---\n"]
        {
            assert_eq!(read(text), (FrontMatter::default(), text));
        }
    }

    /// Whatever is not understood must not open a document to everybody.
    #[test]
    fn an_audience_that_is_not_understood_is_refused() {
        for audience in ["", "[]", "[manager", "everybody", "[viewer, manger]", "Manager", "{a: b}", "viewer, admin"] {
            let text = format!("---\ntitle: x\naudience: {audience}\n---\ntext");
            assert!(matches!(split(&text), Err(Refusal::Audience(_))), "{audience}");
        }
        for head in [
            "---\naudience: admin\naudience: viewer\n---\n",
            "---\naudience: admin\nno end",
            "+++\naudience = \"admin\"\n+++\n",
            "---\n* x\n\"audience\": admin\n---\n",
        ] {
            assert!(matches!(split(head), Err(Refusal::Audience(_))), "{head}");
        }
        assert_eq!(read("\n---\n'Audience': admin\n---\n").0.audience, Some(vec![Role::Admin]));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let head = read("---\nlanguage: xx\nnonsense\n---\n").0;
        assert_eq!(
            head.warnings,
            ["The language `xx` is not known.", "The line `nonsense` at its head was not understood."]
        );
    }
}
