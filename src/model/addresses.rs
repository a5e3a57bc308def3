//! Finds web addresses in a text the way X and Mastodon do when they count characters: an address counts the same however
//! long it is, so where it begins and ends decides whether a text fits. Follows the published rules of twitter-text 3;
//! marks for Bluesky are another matter, see `facets`.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use url::Host;

/// Every top-level name that X knows, one a line, as twitter-text 3 lists them.
static TOP_LEVEL: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("addresses/top_level.txt").lines().collect());

/// Longest domain name, in characters (RFC 1035). Longer ones are no address.
const DOMAIN_MAX: usize = 253;
/// Longest label of a domain name in its ASCII form, in bytes (RFC 1035).
const LABEL_MAX: usize = 63;
/// Longest address that is counted as one; twitter-text.
const ADDRESS_MAX: usize = 4096;

/// Byte ranges of the addresses in the order of the text; they never overlap. `bare`: also those without `https://`.
pub fn find(text: &str, bare: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !text.contains(if bare { '.' } else { ':' }) {
        return found;
    }
    let mut before = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(next) = rest.chars().next()
    {
        let matched = may_precede(before).then(|| address(rest, bare.then_some(before))).flatten();
        let mut passed = next;
        if let Some(Match { hits, end }) = matched {
            found.extend(hits.into_iter().map(|hit| at + hit.start..at + hit.end));
            at += end;
            // What stands before an address is part of its pattern: two addresses never touch.
            let Some(gap) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            passed = gap;
        }
        at += passed.len_utf8();
        before = Some(passed);
    }
    found
}

/// What begins here: the addresses in it, and where the search goes on.
struct Match {
    hits: Vec<Range<usize>>,
    end: usize,
}

/// `bare` holds what stands before, when an address needs no scheme.
fn address(rest: &str, bare: Option<Option<char>>) -> Option<Match> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let start = scheme.map_or(0, str::len);
    let domain = domain(rest.get(start..)?)?;
    let after_domain = start + domain;
    let mut end = after_domain + port(rest.get(after_domain..)?);
    let path = path(rest.get(end..)?);
    end += path;
    end += query(rest.get(end..)?);
    let name = rest.get(start..after_domain)?;
    if !is_name(name) || end > ADDRESS_MAX {
        return None;
    }
    if scheme.is_some() {
        return Some(Match { hits: vec![Range { start: 0, end }], end });
    }
    let before = bare?;
    if before.is_some_and(|before| matches!(before, '-' | '_' | '.' | '/')) {
        return None;
    }
    let mut hits = ascii_names(name);
    let last = hits.last_mut()?;
    if path > 0 {
        last.end = end;
    }
    Some(Match { hits, end })
}

fn may_precede(before: Option<char>) -> bool {
    before.is_none_or(|c| !(c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃') || is_invalid(c)))
}

fn is_invalid(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{feff}' | '\u{ffff}')
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character may stand in a domain name, beside `-` and `_`.
fn in_domain(c: char) -> bool {
    !(c.is_ascii_punctuation() && c != '"' && c != '`'
        || c.is_whitespace()
        || c.is_control()
        || is_invalid(c)
        || is_direction_mark(c))
}

/// The characters at the start that are fit, up to a number: however long a text is, it is looked no further.
fn run(rest: &str, most: usize, fit: impl Fn(char) -> bool) -> Option<&str> {
    let (last, c) = rest.char_indices().take(most).take_while(|(_, c)| fit(*c)).last()?;
    rest.get(..last + c.len_utf8())
}

/// Length of the domain name at the start: labels, the last of which begins with a top-level name.
fn domain(rest: &str) -> Option<usize> {
    let run = run(rest, DOMAIN_MAX, |c| in_domain(c) || matches!(c, '-' | '_' | '.'))?;
    let mut labels = Vec::new();
    let mut start = 0;
    for label in run.split('.') {
        labels.push(start..start + label.len());
        start += label.len() + 1;
    }
    let sound = |label: &Range<usize>| {
        run.get(label.clone())
            .is_some_and(|label| !label.is_empty() && !label.starts_with(['-', '_']) && !label.ends_with(['-', '_']))
    };
    let whole = labels.iter().take_while(|label| sound(label)).count();
    // The longest name wins, so the last label that can be a top-level name is looked for first.
    (1..labels.len().min(whole + 1)).rev().find_map(|place| {
        let name = labels.get(place - 1)?;
        let top = labels.get(place)?.start;
        (!run.get(name.clone())?.contains('_')).then_some(())?;
        top_level(rest.get(top..)?).map(|length| top + length)
    })
}

/// Length of the top-level name at the start. What follows must not go on with it.
fn top_level(rest: &str) -> Option<usize> {
    let label = run(rest, LABEL_MAX, |c| in_domain(c) || c == '-')?;
    let ends: Vec<usize> = label.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    ends.into_iter().rev().find(|end| {
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '+' | '-');
        let name = rest.get(..*end).unwrap_or_default().to_lowercase();
        let punycode = name.strip_prefix("xn--").is_some_and(|tail| {
            !tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        (punycode || TOP_LEVEL.contains(name.as_str()))
            && !rest.get(*end..).is_some_and(|next| next.starts_with(goes_on))
    })
}

/// Whether the labels of a domain name are short enough once they are ASCII.
fn is_name(name: &str) -> bool {
    let short = |name: &str| name.split('.').all(|label| label.len() <= LABEL_MAX);
    if name.is_ascii() {
        return short(name);
    }
    matches!(Host::parse(name), Ok(Host::Domain(ascii)) if short(&ascii))
}

/// The parts of a name that can be addresses without a scheme: Latin letters only. `日本語example.com` has one.
fn ascii_names(name: &str) -> Vec<Range<usize>> {
    let latin = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_latin_accent(c);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(skipped) = name.get(at..).and_then(|rest| rest.find(latin)) {
        let start = at + skipped;
        let length =
            name.get(start..).and_then(|rest| rest.find(|c| !(latin(c) || c == '.'))).unwrap_or(name.len() - start);
        if let Some(length) = name.get(start..).and_then(domain).filter(|length| *length > 0)
            && name.get(start..start + length).is_some_and(|part| part.chars().all(|c| latin(c) || c == '.'))
        {
            found.push(start..start + length);
            at = start + length;
        } else {
            at = start + length.max(1);
        }
    }
    found
}

fn is_latin_accent(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{24f}' | '\u{253}' | '\u{254}' | '\u{256}'
        | '\u{257}' | '\u{259}' | '\u{25b}' | '\u{263}' | '\u{268}' | '\u{26f}' | '\u{272}' | '\u{289}' | '\u{28b}'
        | '\u{2bb}' | '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}')
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}')
}

fn port(rest: &str) -> usize {
    let digits = rest.strip_prefix(':').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits == 0 { 0 } else { digits + 1 }
}

fn in_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!*';:=+,.$/%#[]-–_~@|&".contains(c) || is_cyrillic(c) || is_latin_accent(c)
}

fn ends_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-=_#/".contains(c) || is_cyrillic(c) || is_latin_accent(c)
}

/// Length of the path at the start: up to the last character that can end one; brackets only in pairs.
fn path(rest: &str) -> usize {
    if !rest.starts_with('/') {
        return 0;
    }
    let (mut at, mut end) = (1, 1);
    while let Some(next) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        if next == '('
            && let Some(length) = rest.get(at..).and_then(|rest| brackets(rest, 1))
        {
            at += length;
            end = at;
        } else if in_path(next) {
            at += next.len_utf8();
            if ends_path(next) {
                end = at;
            }
        } else {
            break;
        }
    }
    end
}

/// Length of a pair of brackets with something in it; they nest once.
fn brackets(rest: &str, deeper: u8) -> Option<usize> {
    let mut at = 1;
    while let Some(next) = rest.get(at..)?.chars().next() {
        match next {
            ')' => return (at > 1).then_some(at + 1),
            '(' if deeper > 0 => at += brackets(rest.get(at..)?, deeper - 1)?,
            c if in_path(c) => at += c.len_utf8(),
            _ => return None,
        }
    }
    None
}

fn query(rest: &str) -> usize {
    let Some(body) = rest.strip_prefix('?') else { return 0 };
    let in_query = |c: char| c.is_ascii_alphanumeric() || "!?*'@();:&=+$/%#[]-_.,~|".contains(c);
    let run = body.find(|c| !in_query(c)).and_then(|end| body.get(..end)).unwrap_or(body);
    run.rfind(|c: char| c.is_ascii_alphanumeric() || "-_&=#/".contains(c)).map_or(0, |last| last + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str, bare: bool) -> Vec<&str> {
        find(text, bare).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn addresses_begin_and_end_where_the_network_sees_them() {
        for (text, expected) in [
            ("see https://example.com/a_(b)?x=1#y, please", vec!["https://example.com/a_(b)?x=1#y"]),
            ("(http://example.com)", vec!["http://example.com"]),
            ("example.com. And more.", vec!["example.com"]),
            ("example.com/path/ ok", vec!["example.com/path/"]),
            ("http://example.com:8080/x", vec!["http://example.com:8080/x"]),
            ("https://foo_bar.example.com", vec!["https://foo_bar.example.com"]),
            ("http://example.nonsense", vec![]),
            ("me@example.com", vec![]),
            ("#example.com $example.com @example.com", vec![]),
            ("日本語example.comの話", vec!["example.com"]),
            ("http://日本語.jp/", vec!["http://日本語.jp/"]),
            ("file-name.com_x", vec!["file-name.com"]),
            ("example.com-pany", vec![]),
            ("a.com b.org", vec!["a.com", "b.org"]),
            ("no address.at-all", vec![]),
            ("https://example.com/a/(open", vec!["https://example.com/a/"]),
        ] {
            assert_eq!(found(text, true), expected, "{text}");
        }
        assert_eq!(found("example.com http://example.com", false), ["http://example.com"]);
    }

    #[test]
    fn hostile_texts_cost_little() {
        for text in ["a".repeat(100_000), "あ.".repeat(20_000), "http://".repeat(14_000), "a.com/(".repeat(14_000)] {
            find(&text, true);
        }
    }

    proptest! {
        #[test]
        fn any_text_has_ordered_ranges_on_its_characters(text in "[a-z./:?(@#あé-]{0,80}|\\PC{0,60}") {
            let mut end = 0;
            for range in find(&text, true) {
                prop_assert!(range.start >= end && range.end > range.start);
                prop_assert!(text.get(range.clone()).is_some());
                end = range.end;
            }
        }
    }
}
