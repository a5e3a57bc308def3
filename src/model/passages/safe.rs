//! Text that stays text: whatever shows it finds no link, no markup and no citation in it that we did not put there.

/// Parts of texts that are meant for a language model; folded, without blank space.
const TO_MODELS: &[&str] = &[
    "<|",
    "[inst]",
    "<<sys>>",
    "</system>",
    "<system>",
    "###instruction",
    "###system",
    "escalate_to_human=",
    "not_in_sources",
    "\"tool_calls\"",
    "\"function_call\"",
    "<tool_call",
    "<function_call",
    "ignoreprevious",
    "ignoreallprevious",
    "ignoretheprevious",
    "ignoreallprior",
    "ignoreprior",
    "ignoretheabove",
    "ignoreeverythingabove",
    "ignoreyourinstructions",
    "ignoreallinstructions",
    "disregardprevious",
    "disregardallprevious",
    "disregardtheabove",
    "disregardyourinstructions",
    "forgetyourinstructions",
    "forgetallprevious",
    "youarenow",
    "newsystemprompt",
    "newinstructions:",
    "ignorierealle",
    "ignoriereallevorherigen",
    "ignorieredievorherigen",
    "vergissallevorherigen",
    "ignoralasinstrucciones",
    "ignoratodaslasinstrucciones",
    "ignorezlesinstructions",
    "ignoreztouteslesinstructions",
    "ignoratutteleistruzioni",
    "ignoreasinstruções",
    "ignoretodasasinstruções",
    "negeeralleeerdere",
    "игнорируйвсе",
    "игнорируйпредыдущие",
    "忽略之前",
    "忽略以上",
    "忽略所有",
    "忽略先前",
    "以前の指示を無視",
    "これまでの指示",
    "تجاهلجميع",
    "تجاهلالتعليمات",
];

/// Words before which somebody pretends to be a part of a conversation.
const ROLES: &[&str] = &["system:", "assistant:", "user:", "human:", "developer:"];

/// Whether a text speaks to a language model rather than to a person. It knows usual phrases only: what it misses is data
/// all the same, and what it finds wrongly is not quoted.
pub fn addresses_models(text: &str) -> bool {
    let folded = super::super::words::folded(text);
    let plain = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    let dense: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
    ROLES.iter().any(|role| plain.starts_with(role)) || TO_MODELS.iter().any(|part| dense.contains(part))
}

/// What shows nothing and turns or hides what stands around it. Joiners stay where letters of Hindi, Persian and emoji need
/// them.
pub fn hidden(c: char, before: Option<char>) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{200c}' | '\u{200d}' => before.is_none_or(|before| before.is_ascii()),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
}

/// Without what is hidden; nothing else changes.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !hidden(c, out.chars().next_back()) {
            out.push(c);
        }
    }
    out
}

/// Prose without anything that a client would take for markup: see the tests of the room above.
pub fn inert(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let next = after.chars().next();
        let begins_word = out.chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        if begins_word && let Some(length) = address(rest) {
            let (address, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            out.push_str(&bare(address));
            rest = behind;
            continue;
        }
        match (c, next) {
            ('[', Some(_)) if mark(after).is_some() => {
                let digits = mark(after).unwrap_or_default();
                out.push('(');
                out.push_str(digits);
                out.push(')');
                rest = after.get(digits.len() + 1..).unwrap_or_default();
                continue;
            }
            (']', Some('(' | ':' | '[')) => out.push_str("] "),
            ('<', Some(n)) if n.is_ascii_alphabetic() || matches!(n, '/' | '!' | '?' | '|') => out.push_str("< "),
            _ => out.push(c),
        }
        rest = after;
    }
    out
}

/// The digits before the bracket that closes a mark.
fn mark(after: &str) -> Option<&str> {
    let (digits, _) = after.split_once(']')?;
    (!digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// How long the web address is that begins here.
pub fn address(text: &str) -> Option<usize> {
    let start = text.get(..12.min(text.len())).unwrap_or(text).to_ascii_lowercase();
    if !["http://", "https://", "ftp://", "www."].iter().any(|scheme| start.starts_with(scheme)) {
        return None;
    }
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '|' | '\\' | '^' | '{' | '}'))
        .unwrap_or(text.len());
    let address = text.get(..end).unwrap_or_default();
    Some(address.trim_end_matches(['.', ',', ';', ':', '!', ')', ']', '*', '_']).len())
}

/// An address without anything in it that could carry what was asked to somebody.
fn bare(address: &str) -> String {
    let kept = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = kept.split_once("://").map_or(("", kept), |(scheme, rest)| (scheme, rest));
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit('@').next().unwrap_or_default();
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(scheme);
        out.push_str("://");
    }
    out.push_str(host);
    if let Some(path) = path {
        out.push('/');
        out.push_str(path);
    }
    out
}
