//! The knowledge base says only what is there: commands, options, tools, settings and codes that it names exist, and
//! the labelled questions lead to sections that it has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use allin::{cli::Cli, config::VARIABLES, tools};
use clap::CommandFactory as _;
use serde_json::Value;

use super::source::{files, root, sources};

/// Named, and on its way. Whoever builds one takes it out; the last test says so.
const COMING: &[&str] = &[];

/// Columns of an import, and fields of requests and answers.
const FIELDS: &[&str] = &["escalate_to_human", "file_name", "text_2"];

const ROLES: [&str; 5] = ["viewer", "contributor", "publisher", "manager", "admin"];

#[test]
fn nine_documents_say_what_they_are() {
    let documents = documents();
    assert_eq!(documents.len(), 9, "{:?}", documents.keys());
    let mut categories = BTreeSet::new();
    for (name, text) in &documents {
        let (head, _) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).expect(name);
        let head: BTreeMap<_, _> = head.lines().filter_map(|line| line.split_once(": ")).collect();
        assert!(head["title"].len() > 3 && head["language"] == "en", "{name}");
        assert!(categories.insert(head["category"].to_owned()), "{name}: its category is another one's");
        let audience = head["audience"].trim_matches(['[', ']']);
        assert!(audience.split(", ").all(|role| ROLES.contains(&role)), "{name}: {audience}");
    }
}

#[test]
fn what_is_named_exists() {
    let there = There::read();
    let problems: Vec<_> = named()
        .into_iter()
        .filter(|(_, what)| !COMING.contains(&what.as_str()) && !there.has(what))
        .map(|(document, what)| format!("{document}: `{what}`"))
        .collect();
    assert!(problems.is_empty(), "kb/ names what is not there:\n{}", problems.join("\n"));
}

#[test]
fn what_is_coming_is_not_there_yet() {
    let there = There::read();
    let arrived: Vec<_> = COMING.iter().filter(|what| there.has(what)).collect();
    assert!(arrived.is_empty(), "take these out of COMING: {arrived:?}");
}

#[test]
fn questions_lead_to_sections() {
    let sections = sections();
    let mut asked = BTreeSet::new();
    for file in ["questions", "questions-hard", "questions-held-out"] {
        let text = fs::read_to_string(root().join(format!("tests/data/{file}.jsonl"))).expect(file);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert!(lines.len() > 90, "{file}");
        for line in &lines {
            let question = line["question"].as_str().expect("question");
            assert!(asked.insert(question.to_owned()), "{file}: `{question}` is there twice");
            let answers = line["answers"].as_array().expect("answers");
            assert!(line["near_miss"].is_null() || !answers.is_empty(), "{file}: {question}");
            for answer in answers {
                let place = (text_of(answer, "path"), text_of(answer, "section"));
                assert!(sections.contains_key(&place), "{file}: {question}: {place:?}");
            }
        }
    }
}

/// Sections say what they are asked for, and not with the questions that measure how well they are found.
#[test]
fn sections_are_asked_for_in_words_of_their_own() {
    let words = |text: &str| -> BTreeSet<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut measured = Vec::new();
    for file in ["questions", "questions-hard", "questions-held-out"] {
        let text = fs::read_to_string(root().join(format!("tests/data/{file}.jsonl"))).expect(file);
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        measured.extend(lines.map(|line| words(&text_of(&line, "question"))));
    }
    for (name, text) in documents() {
        let comments: Vec<&str> = text.split("\n<!-- questions:\n").skip(1).collect();
        assert_eq!(comments.len(), text.matches("\n### ").count(), "{name}: each section has one");
        for comment in comments {
            let (asked, _) = comment.split_once("\n-->").expect("an end");
            assert_eq!(asked.lines().count(), 6, "{name}: {asked}");
            for question in asked.lines() {
                assert!(!measured.contains(&words(question)), "{name}: `{question}` is among the test questions");
            }
        }
    }
}

#[test]
fn the_questions_are_of_many_kinds() {
    let sections = sections();
    let text = fs::read_to_string(root().join("tests/data/questions.jsonl")).expect("questions");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let count = |wanted: &dyn Fn(&Value) -> bool| lines.iter().filter(|line| wanted(line)).count();
    let known = |line: &Value| !line["answers"].as_array().expect("answers").is_empty();
    let english = |line: &Value| line["language"] == "en";
    assert!(count(&|line| known(line) && english(line)) >= 150);
    assert!(count(&|line| known(line) && !english(line)) >= 100);
    assert!(count(&|line| !known(line)) >= 100);
    assert!(count(&|line| line["near_miss"] == true) >= 100);
    for language in ["de", "es", "fr", "pt", "ru", "tr", "zh"] {
        assert!(count(&|line| known(line) && line["language"] == language) >= 15, "{language}");
    }
    let firsts = lines.iter().filter(|line| known(line)).map(|line| &line["answers"][0]);
    let scenarios: BTreeSet<_> =
        firsts.map(|answer| &sections[&(text_of(answer, "path"), text_of(answer, "section"))]).collect();
    assert!(scenarios.len() >= 13, "{scenarios:?}");
}

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().expect(key).to_owned()
}

/// Every document by its file's name.
fn documents() -> BTreeMap<String, String> {
    let read = |(name, path): (String, std::path::PathBuf)| {
        (name.trim_start_matches("kb/").to_owned(), fs::read_to_string(path).expect("UTF-8"))
    };
    files("kb", ".md").into_iter().map(read).collect()
}

/// Every section that says something, with the heading above it, which is its scenario.
fn sections() -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for (name, text) in documents() {
        let (mut above, mut slug) = (String::new(), String::new());
        for line in text.lines().skip_while(|line| !line.starts_with("# ")) {
            if let Some(heading) = line.strip_prefix("### ") {
                slug = slug_of(heading);
                assert!(!found.contains_key(&(name.clone(), slug.clone())), "{name}: {slug} is there twice");
            } else if let Some(heading) = line.strip_prefix("## ") {
                (above, slug) = (format!("{name}: {heading}"), slug_of(heading));
            } else if !line.is_empty() && !slug.is_empty() {
                found.insert((name.clone(), slug.clone()), above.clone());
            }
        }
    }
    found
}

/// The anchor that GitHub gives a heading.
fn slug_of(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// What the documents name in backticks and must exist, with the document.
fn named() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (name, text) in documents() {
        for code in text.split('`').skip(1).step_by(2) {
            let words: Vec<&str> = code.split_whitespace().collect();
            if words.first() == Some(&"allin") && words.len() > 1 {
                found.extend(commands(&words[1..]).into_iter().map(|what| (name.clone(), what)));
            } else if let Some(option) = words.first().filter(|word| word.starts_with("--")) {
                found.insert((name.clone(), option.split('=').next().unwrap_or(option).to_owned()));
            }
            let settings = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            found.extend(settings.filter(|word| is_setting(word)).map(|word| (name.clone(), word.to_owned())));
            if is_code(code) && !FIELDS.contains(&code) {
                found.insert((name.clone(), code.to_owned()));
            }
        }
    }
    assert!(found.len() > 200, "only {} names were found", found.len());
    found
}

/// `allin post list` of a line, and each of its options behind it.
fn commands(words: &[&str]) -> Vec<String> {
    if words[0].starts_with('-') {
        return vec![format!("allin {}", words[0])];
    }
    let command = Cli::command();
    let mut at = &command;
    let mut path = vec!["allin"];
    for word in words.iter().take_while(|word| !word.starts_with('-')) {
        match at.find_subcommand(word) {
            Some(inner) => {
                at = inner;
                path.push(word);
            }
            // A noun is followed by a verb, or it is written alone.
            None if at.has_subcommands() => return vec![format!("{} {word}", path.join(" "))],
            None => break,
        }
    }
    let whole = path.join(" ");
    let options = words.iter().filter(|word| word.starts_with("--")).map(|option| {
        let option = option.split('=').next().unwrap_or(option);
        format!("{whole} {option}")
    });
    std::iter::once(whole.clone()).chain(options).collect()
}

fn is_setting(word: &str) -> bool {
    let ours = ["ALLIN_", "DATABASE_", "SSL_"].iter().any(|start| word.starts_with(start));
    ours && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

fn is_code(code: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    code.contains('_') && code.split('_').all(part)
}

/// What the program has.
struct There {
    command: clap::Command,
    /// Tools, and everything that the source writes as a string: codes of errors, reasons, states, fields.
    words: BTreeSet<String>,
}

impl There {
    fn read() -> Self {
        let strings = sources().into_iter().flat_map(|source| source.strings).map(|(_, text)| text);
        let tools = tools::all().iter().map(|spec| spec.name.to_owned());
        Self { command: Cli::command(), words: strings.filter(|text| is_code(text)).chain(tools).collect() }
    }

    fn has(&self, what: &str) -> bool {
        if let Some(line) = what.strip_prefix("allin ") {
            return self.has_command(line);
        }
        if let Some(option) = what.strip_prefix("--") {
            return has_option(&self.command, option);
        }
        if is_setting(what) {
            return VARIABLES.iter().any(|(name, _)| *name == what);
        }
        // A tool is one by its name alone, so that a use case or a text does not pass for it.
        match what.starts_with("knowledge_") {
            true => tools::find(what).is_some(),
            false => self.words.contains(what),
        }
    }

    fn has_command(&self, line: &str) -> bool {
        let mut at = &self.command;
        for word in line.split(' ') {
            if let Some(option) = word.strip_prefix("--") {
                return is_option(at, option);
            }
            match at.find_subcommand(word) {
                Some(inner) => at = inner,
                None => return false,
            }
        }
        true
    }
}

fn is_option(command: &clap::Command, option: &str) -> bool {
    matches!(option, "help" | "version") || command.get_arguments().any(|argument| argument.get_long() == Some(option))
}

/// Whether any command has it: what stands alone belongs to a command that was named before.
fn has_option(command: &clap::Command, option: &str) -> bool {
    is_option(command, option) || command.get_subcommands().any(|inner| has_option(inner, option))
}
