//! Words for the keyword index of languages that put no spaces between them: overlapping pairs of characters, and the
//! Latin words and numbers in between. For all other languages PostgreSQL's `to_tsvector` finds them.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::documents::Language;

/// Longest kept word, in characters; what is longer is no word that somebody looks for.
const WORD_MAX: usize = 64;

/// Each lexeme with how often it occurs, in the order of the lexemes. Empty for languages with spaces.
///
/// Text is compared in its compatibility form (NFKC) and in lower case. A run of one character is that character.
pub fn lexemes(text: &str, language: Language) -> Vec<(String, u32)> {
    if language.has_spaces() {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    let folded = text.nfkc().collect::<String>().to_lowercase();
    let mut run: Vec<char> = Vec::new();
    let mut kind = Kind::Other;
    for character in folded.chars() {
        let next = Kind::of(character, kind);
        if next != kind {
            close(&mut run, kind, &mut found);
            kind = next;
        }
        run.push(character);
    }
    close(&mut run, kind, &mut found);
    found.extend(identifiers(&folded));
    found.into_iter().collect()
}

/// Names of settings, tools and error codes, such as `ALLIN_LOG`, which are looked for whole: words that `_` joins, in lower case,
/// each with how often it occurs. Their parts are words like others.
pub fn identifiers(text: &str) -> Vec<(String, u32)> {
    let mut found = BTreeMap::new();
    for name in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        let name = name.trim_matches('_');
        if name.contains('_') && name.chars().count() <= WORD_MAX {
            *found.entry(name.to_lowercase()).or_insert(0) += 1;
        }
    }
    found.into_iter().collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of a script without spaces.
    Dense,
    /// Letters with spaces around their words, and digits.
    Word,
    Other,
}

impl Kind {
    fn of(character: char, before: Self) -> Self {
        match character {
            // Thai vowels and tones, and the Japanese length mark, belong to the character before.
            '\u{e00}'..='\u{e7f}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{3096}'
            | '\u{3099}'..='\u{309a}'
            | '\u{309d}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{30fc}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}' => Self::Dense,
            c if c.is_alphanumeric() => Self::Word,
            // Accents that NFKC leaves apart stay with their word.
            '\u{300}'..='\u{36f}' if before == Self::Word => Self::Word,
            _ => Self::Other,
        }
    }
}

fn close(run: &mut Vec<char>, kind: Kind, found: &mut BTreeMap<String, u32>) {
    let mut count = |lexeme: String| *found.entry(lexeme).or_insert(0) += 1;
    match kind {
        Kind::Dense if run.len() > 1 => run.windows(2).for_each(|pair| count(pair.iter().collect())),
        Kind::Dense => count(run.iter().collect()),
        Kind::Word if run.len() <= WORD_MAX => count(run.iter().collect()),
        Kind::Word | Kind::Other => {}
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, language: Language) -> Vec<(String, u32)> {
        lexemes(text, language)
    }

    fn pairs(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
        expected.iter().map(|(lexeme, count)| ((*lexeme).to_owned(), *count)).collect()
    }

    #[test]
    fn names_are_kept_whole() {
        let found = identifiers("`ALLIN_LOG_JSON=1` (see allin_log_json, post_create) a _b_ c__d x 10_000");
        let found: Vec<(&str, u32)> = found.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(found, [("10_000", 1), ("allin_log_json", 2), ("c__d", 1), ("post_create", 1)]);
        assert_eq!(identifiers(&format!("a_{}", "b".repeat(63))), []);
    }

    #[test]
    fn pairs_of_characters_and_the_words_between_them() {
        assert_eq!(
            of("如何连接 Instagram？用 OAuth2 连接。", Language::Chinese),
            pairs(&[("instagram", 1), ("oauth2", 1), ("何连", 1), ("如何", 1), ("用", 1), ("连接", 2)])
        );
        assert_eq!(
            of("タイムゾーンを変更", Language::Japanese),
            pairs(&[
                ("を変", 1),
                ("イム", 1),
                ("ゾー", 1),
                ("タイ", 1),
                ("ムゾ", 1),
                ("ンを", 1),
                ("ーン", 1),
                ("変更", 1)
            ])
        );
    }

    #[test]
    fn spellings_of_one_text_are_one() {
        let wide = of("ＡＰＩキー １２３", Language::Japanese);
        assert_eq!(wide, of("apiｷｰ 123", Language::Japanese));
        assert_eq!(wide, pairs(&[("123", 1), ("api", 1), ("キー", 1)]));
        // ก็ and the vowel am, whole and taken apart.
        assert_eq!(of("น้ำ", Language::Thai), of("น้\u{e4d}\u{e32}", Language::Thai));
    }

    #[test]
    fn nothing_for_others_and_for_what_is_no_word() {
        assert_eq!(of("How do I connect?", Language::English), []);
        assert_eq!(of("?!。、…", Language::Chinese), []);
        assert_eq!(of(&"x".repeat(65), Language::Chinese), []);
    }
}
