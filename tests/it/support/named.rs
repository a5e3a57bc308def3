//! Makes what differs from run to run the same: ids become their kind and a number in the order of appearance.

use serde::Serialize;
use serde_json::Value;

const KINDS: [&str; 33] = [
    "ws", "prs", "mbr", "acc", "post", "tgt", "att", "cmp", "ast", "key", "con", "note", "req", "srs", "pol", "frz",
    "rvw", "apr", "dec", "lnk", "cmt", "task", "inv", "ltr", "pack", "rsv", "inc", "doc", "chk", "conv", "ans", "tkt",
    "msg",
];

/// Numbers ids over everything that it is shown.
#[derive(Default)]
pub struct Names(Vec<String>);

/// One value with its ids numbered.
pub fn named(value: &impl Serialize) -> Value {
    Names::default().value(value)
}

impl Names {
    pub fn value(&mut self, value: &impl Serialize) -> Value {
        let mut value = serde_json::to_value(value).unwrap();
        self.walk(&mut value);
        value
    }

    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(map) => {
                for (name, item) in map {
                    // How long it took, in milliseconds.
                    if matches!(name.as_str(), "query_time" | "response_time") && item.is_number() {
                        *item = 0.into();
                    }
                    self.walk(item);
                }
            }
            _ => {}
        }
    }

    pub fn text(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(word) = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next() {
            out.push_str(&self.word(word));
            rest = &rest[word.len()..];
            let Some(next) = rest.chars().next() else { break };
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
        out
    }

    fn word(&mut self, word: &str) -> String {
        // A port of this run.
        if word.len() == 5 && word.parse::<u32>().is_ok_and(|port| port > 20_000) {
            return "PORT".into();
        }
        // Hashes, keys and signatures in hexadecimal.
        if matches!(word.len(), 64 | 128) && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return "HEX".into();
        }
        let ours = word.split_once('_').filter(|(kind, body)| KINDS.contains(kind) && body.len() == 26);
        let theirs = word.split_once('-').filter(|(kind, body)| matches!(*kind, "post" | "acct") && body.len() == 16);
        let secret =
            word.split_once('_').filter(|(kind, body)| matches!(*kind, "connect" | "join") && body.len() == 43);
        let Some((kind, _)) = ours.or(theirs).or(secret) else { return word.into() };
        let place = self.0.iter().position(|known| known == word).unwrap_or_else(|| {
            self.0.push(word.to_owned());
            self.0.len() - 1
        });
        let separator = if theirs.is_some() { '-' } else { '_' };
        let number = self.0[..=place].iter().filter(|known| known.starts_with(&format!("{kind}{separator}"))).count();
        format!("{kind}{separator}{number}")
    }
}
