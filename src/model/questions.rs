//! Questions: what is searched for when one goes on from another, and which language it is in.

use super::{
    documents::Language,
    spelling,
    words::{content, folded},
};

/// Longest question, in characters.
pub const QUESTION_MOST: usize = 2000;
/// Longest text about what the person was doing.
pub const CONTEXT_MOST: usize = 2000;
/// So few words of their own need what was said before.
const SHORT: usize = 2;
/// In longer questions a pronoun has its noun beside it.
const LONG: usize = 9;
/// Words taken over from before.
const TAKEN_OVER: usize = 24;

/// Words that point to something said before, of the languages that questions come in.
const POINTING: &[&str] = &[
    "it",
    "its",
    "that",
    "this",
    "they",
    "them",
    "those",
    "these",
    "instead",
    "das",
    "dies",
    "dieses",
    "damit",
    "dafür",
    "davon",
    "daran",
    "ihn",
    "diese",
    "eso",
    "esto",
    "ello",
    "lo",
    "ese",
    "esa",
    "esos",
    "ça",
    "cela",
    "ceci",
    "celui",
    "celle",
    "isso",
    "isto",
    "ele",
    "ela",
    "questo",
    "quello",
    "ciò",
    "dit",
    "dat",
    "daarmee",
    "hiervan",
    "это",
    "этого",
    "этим",
    "он",
    "она",
    "оно",
    "их",
    "его",
    "её",
    "bu",
    "bunu",
    "bunun",
    "şu",
    "onu",
    "nó",
    "đó",
    "này",
    "यह",
    "इसे",
    "वह",
    "उसे",
    "इसका",
    "هذا",
    "هذه",
    "ذلك",
    "تلك",
];
/// The same in languages without spaces, and beginnings that go on from something.
const POINTING_WITHIN: &[&str] = &["它", "这个", "这样", "那个", "その", "それ", "これ", "この"];
const GOING_ON: &[&str] = &[
    "and ",
    "what about",
    "how about",
    "or ",
    "but ",
    "then ",
    "und ",
    "oder ",
    "wie ist es mit",
    "was ist mit",
    "y ",
    "¿y ",
    "et ",
    "e ",
    "en ",
    "а ",
    "и ",
    "peki ",
    "còn ",
    "और ",
    "و",
    "那",
    "では",
    "じゃあ",
];

/// What is searched for: the question, and where it says too little by itself, what was asked before it and what the person
/// was doing. `before` is newest first.
pub fn search_query(question: &str, before: &[&str], doing: Option<&str>) -> String {
    let mut query = question.trim().to_owned();
    let mut last = question;
    for earlier in before {
        if !goes_on(last) {
            return query;
        }
        query.push('\n');
        query.push_str(&first_words(earlier));
        last = earlier;
    }
    if let Some(doing) = doing.filter(|_| goes_on(last)) {
        query.push('\n');
        query.push_str(&first_words(doing));
    }
    query
}

/// Whether a question needs what was said before it.
fn goes_on(question: &str) -> bool {
    let folded = folded(question);
    let words = content(&folded).len();
    let pointing = folded.split(|c: char| !c.is_alphanumeric()).any(|word| POINTING.contains(&word))
        || POINTING_WITHIN.iter().any(|word| folded.contains(word));
    let begins = GOING_ON.iter().any(|start| folded.trim_start().starts_with(start));
    words <= SHORT || words < LONG && (pointing || begins)
}

fn first_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(TAKEN_OVER).collect();
    // A language without spaces is one long word.
    words.join(" ").chars().take(TAKEN_OVER * 8).collect()
}

/// Two or three letters: what was named, else as the question looks, else English.
pub fn language(named: Option<Language>, question: &str) -> Language {
    named.or_else(|| spelling::language(question)).unwrap_or(Language::English)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_goes_on_takes_the_last_one_along() {
        let before = ["How do I connect a Bluesky account to my workspace?", "What is a workspace?"];
        for question in [
            "And for Mastodon?",
            "Can it be removed again later?",
            "Why?",
            "Kann ich das auch wieder entfernen?",
            "它可以删除吗？",
            "¿Y cómo se elimina eso después?",
        ] {
            assert_eq!(search_query(question, &before, None), format!("{question}\n{}", before[0]), "{question}");
        }
        for question in [
            "How many users does the Starter plan allow in one workspace?",
            "Which networks publish videos without a phone app?",
        ] {
            assert_eq!(search_query(question, &before, Some("Looking at plans")), question);
        }
    }

    #[test]
    fn what_was_asked_before_may_go_on_too() {
        let before = ["And then?", "How do I schedule a post for tomorrow morning?", "What is AllIN good for?"];
        assert_eq!(search_query("Why?", &before, None), format!("Why?\n{}\n{}", before[0], before[1]));
        assert_eq!(search_query("Why?", &[], Some("Scheduling a post")), "Why?\nScheduling a post");
        let long = "word ".repeat(500);
        assert!(search_query("Why?", &[&long], None).len() < 200);
    }
}
