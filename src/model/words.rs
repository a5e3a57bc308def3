//! Words that carry meaning, for comparing a question with a passage and a sentence with its source. Rough on purpose:
//! no grammar, only letters. What has no spaces between words (Chinese, Japanese, Thai) is compared by pairs of characters.

use unicode_normalization::UnicodeNormalization as _;

/// Words that are in every text, of the languages that questions come in; sorted.
const STOPWORDS: &[&str] = &[
    "a", "about", "ai", "al", "alle", "als", "also", "am", "an", "and", "are", "as", "at", "au", "auch", "auf", "aus",
    "aux", "avec", "be", "been", "bei", "bir", "bu", "but", "by", "can", "che", "chi", "com", "como", "con", "cosa",
    "could", "cuando", "da", "dal", "dans", "das", "dass", "de", "del", "della", "dem", "den", "der", "des", "di",
    "did", "die", "do", "does", "dos", "du", "e", "een", "ein", "eine", "einem", "einen", "einer", "el", "ella", "en",
    "er", "es", "est", "et", "for", "from", "für", "get", "gibt", "ha", "had", "has", "hat", "have", "het", "hoe",
    "how", "i", "ich", "if", "ik", "il", "im", "in", "into", "is", "ist", "it", "its", "je", "kan", "kann", "la",
    "las", "le", "les", "lo", "los", "man", "may", "me", "mein", "meine", "mich", "mijn", "mir", "mit", "moi", "mon",
    "my", "na", "ne", "nicht", "no", "non", "not", "o", "of", "on", "or", "os", "ou", "par", "para", "per", "por",
    "pour", "qual", "quando", "que", "quel", "quelle", "quels", "qui", "quoi", "se", "sich", "sie", "sind", "so", "su",
    "sul", "sur", "te", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "um",
    "uma", "un", "una", "und", "une", "uno", "van", "ve", "von", "was", "wat", "we", "wenn", "were", "what", "when",
    "where", "which", "who", "why", "wie", "will", "wir", "wird", "with", "would", "y", "you", "your", "zu", "zum",
    "zur", "à", "é", "ü", "в", "и", "как", "на", "не", "по", "с", "что", "это", "я",
];

/// Letters without case and form: NFKC, lower case.
pub fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The words of a text in order, repetitions included, without those that say nothing.
pub fn content(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let folded = folded(text);
    for piece in folded.split(|c: char| !(c.is_alphanumeric() || is_mark(c) || c == '_')) {
        pairs_and_words(piece, &mut words);
    }
    words.retain(|word| says_something(word));
    words
}

fn says_something(word: &str) -> bool {
    let letters = word.chars().count();
    let alone = letters == 1 && !word.starts_with(|c: char| c.is_numeric() || has_no_spaces(c));
    !alone && word.chars().any(char::is_alphanumeric) && STOPWORDS.binary_search(&word).is_err()
}

/// Vowel signs and the like, which are parts of words in Hindi, Arabic, Thai and others.
fn is_mark(c: char) -> bool {
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
    matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark)
}

/// Whether words of its script stand together without spaces.
pub fn has_no_spaces(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

fn pairs_and_words(piece: &str, words: &mut Vec<String>) {
    let mut run = String::new();
    let mut dense = false;
    for c in piece.chars() {
        let this = has_no_spaces(c) || (dense && is_mark(c));
        if this != dense && !run.is_empty() {
            flush(&run, dense, words);
            run.clear();
        }
        dense = this;
        run.push(c);
    }
    if !run.is_empty() {
        flush(&run, dense, words);
    }
}

fn flush(run: &str, dense: bool, words: &mut Vec<String>) {
    if !dense {
        words.push(run.to_owned());
        return;
    }
    let letters: Vec<char> = run.chars().collect();
    match letters.len() {
        1 => words.push(run.to_owned()),
        _ => words.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>())),
    }
}

/// Whether two words are forms of one: the same beginning, and little behind it.
pub fn akin(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if one.starts_with(|c: char| c.is_numeric()) || one.starts_with(has_no_spaces) {
        return false;
    }
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let (short, long) = {
        let (a, b) = (one.chars().count(), other.chars().count());
        (a.min(b), a.max(b))
    };
    // post, posts, posted; schedule, scheduling.
    shared >= 3 && shared == short && long - short <= 3 || shared >= 5 && shared * 4 >= short * 3 && long - shared <= 5
}

/// How many of the words have a form of theirs among the others, and how many there are, each counted once.
pub fn found(words: &[String], among: &[String]) -> (usize, usize) {
    let mut distinct: Vec<&String> = words.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let there = distinct.iter().filter(|word| among.iter().any(|other| akin(word, other))).count();
    (there, distinct.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_what_says_nothing() {
        assert!(STOPWORDS.is_sorted());
        assert_eq!(content("How do I connect an account to Bluesky?"), ["connect", "account", "bluesky"]);
        assert_eq!(content("Wie verbinde ich ein Konto?"), ["verbinde", "konto"]);
        assert_eq!(content("`post_create` 2026"), ["post_create", "2026"]);
        assert_eq!(content("如何连接账户"), ["如何", "何连", "连接", "接账", "账户"]);
        assert_eq!(content("खाता कैसे जोड़ें"), ["खाता", "कैसे", "जोड़ें"].map(folded));
    }

    #[test]
    fn forms_of_a_word_are_akin_and_others_are_not() {
        for (one, other) in
            [("post", "posts"), ("schedule", "scheduling"), ("account", "accounts"), ("konto", "konten")]
        {
            assert_eq!(akin(one, other), one != "konto", "{one} {other}");
        }
        for (one, other) in [("post", "poster-child"), ("100", "1000"), ("allow", "alloy"), ("公开", "公司")] {
            assert!(!akin(one, other), "{one} {other}");
        }
    }
}
