//! Labelled questions: one line of JSON each, with where the documents answer it, or nowhere.

use serde::Deserialize;

use crate::{
    error::{Error, Result},
    model::{documents::Language, roles::Role},
};

/// One line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Of the file, from 1.
    pub line: usize,
    pub question: String,
    /// Each alone answers it; none: the documents do not know.
    pub answers: Vec<Answer>,
    /// Of the question, as the file says it.
    pub language: Option<Language>,
    /// Whose question it is.
    pub role: Option<Role>,
    /// What figures are shown apart for.
    pub kind: Option<String>,
    /// Nothing else in the documents answers it, so that it has no answer when these are hidden.
    pub near_miss: bool,
}

/// A place that answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// Of the document.
    pub path: String,
    /// Anchor of a heading; without it the whole document.
    #[serde(default)]
    pub section: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    question: String,
    answers: Vec<Answer>,
    #[serde(default)]
    language: Option<String>,
    /// A word for the question's subject; stands for the kind where there is none.
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    near_miss: Option<bool>,
}

/// Longest question, as for searches.
const QUESTION_MOST: usize = 2000;

/// Reads all lines; blank ones are skipped. What else a line says is ignored.
pub fn parse(text: &str) -> Result<Vec<Question>> {
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1_usize..);
    let questions: Vec<Question> = lines
        .filter(|(line, _)| !line.trim().is_empty())
        .map(|(line, number)| {
            let read: Line = serde_json::from_str(line).map_err(|error| malformed(number, &error.to_string()))?;
            checked(read, number)
        })
        .collect::<Result<_>>()?;
    if questions.is_empty() {
        return Err(malformed(1, "there is no question"));
    }
    Ok(questions)
}

fn checked(read: Line, line: usize) -> Result<Question> {
    let letters = read.question.chars().filter(|c| c.is_alphanumeric()).count();
    if letters == 0 || read.question.chars().count() > QUESTION_MOST {
        return Err(malformed(line, &format!("a question has 1 to {QUESTION_MOST} characters, letters among them")));
    }
    let language = match read.language.filter(|language| !language.is_empty()) {
        Some(text) => Some(
            Language::parse(&text).ok_or_else(|| malformed(line, &format!("`{text}` is no language, such as en")))?,
        ),
        None => None,
    };
    let role = match read.role.filter(|role| !role.is_empty()) {
        Some(text) => {
            Some(text.to_lowercase().parse().map_err(|_: Error| malformed(line, &format!("`{text}` is no role")))?)
        }
        None => None,
    };
    let near_miss = read.near_miss.unwrap_or_default();
    if near_miss && read.answers.is_empty() {
        return Err(malformed(line, "near_miss is for questions with answers, which are hidden then"));
    }
    let kind = read.kind.or(read.category).filter(|kind| !kind.is_empty());
    Ok(Question { line, question: read.question, answers: read.answers, language, role, kind, near_miss })
}

/// The code of a line that cannot be used.
pub const MALFORMED: &str = "questions_malformed";

pub fn malformed(line: usize, problem: &str) -> Error {
    Error::invalid(MALFORMED, format!("Line {line} of the questions cannot be used: {problem}.")).next(
        "Write one JSON object a line: {\"question\": \"…\", \"answers\": [{\"path\": \"…\", \"section\": \"…\"}]}; \
         answers is [] where the documents do not know.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code(), MALFORMED);
        error.message().to_owned()
    }

    #[test]
    fn all_that_a_line_may_say() {
        let text = "\u{feff}{\"question\":\"Where is it?\",\"answers\":[{\"path\":\"a.md\",\"section\":\"b\"},{\"path\":\"c.md\"}],\
                    \"language\":\"en-GB\",\"category\":\"faq\",\"kind\":\"vague\",\"role\":\"Viewer\",\"near_miss\":true,\"id\":7}\n\n\
                    {\"question\":\"Wo?\",\"answers\":[],\"language\":null,\"category\":\"faq\"}\r\n";
        let answer = |path: &str, section: Option<&str>| Answer { path: path.into(), section: section.map(Into::into) };
        assert_eq!(
            parse(text).unwrap(),
            [
                Question {
                    line: 1,
                    question: "Where is it?".into(),
                    answers: vec![answer("a.md", Some("b")), answer("c.md", None)],
                    language: Some(Language::English),
                    role: Some(Role::Viewer),
                    kind: Some("vague".into()),
                    near_miss: true,
                },
                Question {
                    line: 3,
                    question: "Wo?".into(),
                    answers: vec![],
                    language: None,
                    role: None,
                    kind: Some("faq".into()),
                    near_miss: false,
                },
            ]
        );
    }

    #[test]
    fn the_line_is_named() {
        let good = "{\"question\":\"Where?\",\"answers\":[]}\n";
        for (line, says) in [
            ("{", "Line 2"),
            ("{\"question\":\"Where?\"}", "missing field `answers`"),
            ("{\"answers\":[]}", "missing field `question`"),
            ("{\"question\":\"?!\",\"answers\":[]}", "letters among them"),
            ("{\"question\":\"Where?\",\"answers\":[{\"section\":\"a\"}]}", "missing field `path`"),
            ("{\"question\":\"Where?\",\"answers\":[],\"language\":\"klingon\"}", "`klingon` is no language"),
            ("{\"question\":\"Where?\",\"answers\":[],\"role\":\"boss\"}", "`boss` is no role"),
            ("{\"question\":\"Where?\",\"answers\":[],\"near_miss\":true}", "near_miss is for questions with answers"),
        ] {
            let message = refused(&format!("{good}{line}\n{good}"));
            assert!(message.starts_with("Line 2 ") && message.contains(says), "{message}");
        }
        assert!(refused("\n \n").contains("no question"));
        assert!(refused(&format!("{{\"question\":\"{}\",\"answers\":[]}}", "a".repeat(2001))).contains("2000"));
    }
}
