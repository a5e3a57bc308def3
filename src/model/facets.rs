//! Finds links, mentions and hashtags in the text of a Bluesky post, as ranges of UTF-8 bytes. Follows the official app
//! where a mark is clear and leaves text plain where it is doubtful. Asks nobody: whether a handle exists is not its matter.

use std::{collections::HashSet, ops::Range};

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use url::Url;

use super::bluesky::is_handle;

/// Graphemes in one tag; lexicon app.bsky.richtext.facet#tag (its 640 bytes can hardly be reached before).
const TAG_GRAPHEMES_MAX: usize = 64;
const TAG_BYTES_MAX: usize = 640;

/// A marked part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Bytes of the text; both ends lie between characters as a person sees them.
    pub range: Range<usize>,
    pub feature: Feature,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feature {
    Link {
        uri: String,
    },
    /// Without the `@`.
    Mention {
        handle: String,
    },
    /// Without the `#`.
    Tag {
        tag: String,
    },
}

/// All marks, in the order of the text; they never overlap.
pub fn detect(text: &str) -> Vec<Facet> {
    let mut boundaries: HashSet<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
    boundaries.insert(text.len());
    let mut found = Vec::new();
    let mut before = None;
    let mut position = 0;
    while let Some((rest, next)) = text.get(position..).and_then(|rest| Some((rest, rest.chars().next()?))) {
        let token = boundaries.contains(&position).then(|| token(rest, before)).flatten();
        let facet = token.and_then(|token| token.fit(position, &boundaries));
        let end = facet.as_ref().map_or(position + next.len_utf8(), |facet| facet.range.end);
        before = text.get(position..end).and_then(|passed| passed.chars().next_back());
        found.extend(facet);
        position = end;
    }
    found
}

/// A match at the start of the rest of a text.
enum Token<'a> {
    Link { typed: &'a str, uri: String },
    Mention { typed: &'a str },
    Tag { sign: usize, tag: &'a str },
}

impl Token<'_> {
    /// Places the match in the text; a mark that would cut a character in two is shortened (tags) or given up.
    fn fit(self, start: usize, boundaries: &HashSet<usize>) -> Option<Facet> {
        let whole = |len: usize| boundaries.contains(&(start + len)).then(|| start..start + len);
        let (range, feature) = match self {
            Self::Link { typed, uri } => (whole(typed.len())?, Feature::Link { uri }),
            Self::Mention { typed } => {
                let handle = typed.strip_prefix('@')?.to_ascii_lowercase();
                (whole(typed.len())?, Feature::Mention { handle })
            }
            Self::Tag { sign, mut tag } => {
                while !boundaries.contains(&(start + sign + tag.len())) {
                    tag = trim_tag(chop(tag)?);
                }
                (start..start + sign + accepted_tag(tag)?.len(), Feature::Tag { tag: tag.to_owned() })
            }
        };
        Some(Facet { range, feature })
    }
}

fn token(rest: &str, before: Option<char>) -> Option<Token<'_>> {
    let fresh = before.is_none_or(|before| before.is_whitespace() || is_direction_mark(before));
    if fresh && let Some(sign) = rest.chars().next().filter(|sign| matches!(sign, '#' | '＃')) {
        return tag(rest, sign.len_utf8());
    }
    if !fresh && before != Some('(') {
        return None;
    }
    match rest.chars().next()? {
        '@' => mention(rest),
        first if first.is_ascii_alphanumeric() => link(rest),
        _ => None,
    }
}

fn mention(rest: &str) -> Option<Token<'_>> {
    let body = rest.strip_prefix('@')?;
    let length = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(body.len());
    let handle = body.get(..length)?.trim_end_matches(['.', '-']);
    // `@user@host` is a name on another network.
    let elsewhere = body.get(handle.len()..)?.starts_with(['@', '_']);
    (is_handle(handle) && !elsewhere).then_some(())?;
    Some(Token::Mention { typed: rest.get(..handle.len() + 1)? })
}

fn tag(rest: &str, sign: usize) -> Option<Token<'_>> {
    let body = rest.get(sign..)?;
    // A variation selector makes the sign part of an emoji, an accent makes it another sign.
    if body.starts_with(|first: char| first.general_category_group() == GeneralCategoryGroup::Mark) {
        return None;
    }
    let length = body.find(ends_tag).unwrap_or(body.len());
    let tag = accepted_tag(trim_tag(body.get(..length)?))?;
    Some(Token::Tag { sign, tag })
}

fn accepted_tag(tag: &str) -> Option<&str> {
    let says_something = tag.chars().any(|c| {
        let group = c.general_category_group();
        !c.is_ascii_digit() && !matches!(group, GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Mark)
    });
    let fits = tag.len() <= TAG_BYTES_MAX && tag.graphemes(true).count() <= TAG_GRAPHEMES_MAX;
    (says_something && fits).then_some(tag)
}

fn trim_tag(tag: &str) -> &str {
    tag.trim_end_matches(|c: char| c.general_category_group() == GeneralCategoryGroup::Punctuation)
}

fn ends_tag(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_direction_mark(c)
        || is_zero_width(c)
        || matches!(c, '\u{ad}' | '\u{20e2}')
}

fn link(rest: &str) -> Option<Token<'_>> {
    // Joiners stay: they occur within the emoji of a path.
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || is_direction_mark(c) || (is_zero_width(c) && !is_joiner(c));
    let length = rest.find(ends);
    let word = rest.get(..length.unwrap_or(rest.len()))?;
    let typed = trim_link(word);
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| typed.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let full = match scheme {
        Some(scheme) => {
            let tail = typed.get(scheme.len()..)?;
            tail.starts_with(|c: char| c.is_alphanumeric() || c == '[').then_some(())?;
            format!("{scheme}{tail}")
        }
        None if is_bare_address(typed) => format!("https://{typed}"),
        None => return None,
    };
    let parsed = Url::parse(&full).ok()?;
    parsed.host_str().filter(|host| !host.is_empty())?;
    // The address goes out as typed where that is a URI already, and in its encoded form where it is not.
    let uri = if full.is_ascii() { full } else { parsed.into() };
    Some(Token::Link { typed, uri })
}

/// Takes off what belongs to the sentence: closing punctuation, and brackets that were not opened inside.
fn trim_link(mut word: &str) -> &str {
    while let Some(last) = word.chars().next_back() {
        let opened = |open: char, close: char| word.matches(open).count() >= word.matches(close).count();
        let belongs = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '…' | '»' | '”' | '’' | '>' | '。' | '、' => {
                false
            }
            ')' => opened('(', ')'),
            ']' => opened('[', ']'),
            '}' => opened('{', '}'),
            _ => true,
        };
        if belongs {
            break;
        }
        word = chop(word).unwrap_or_default();
    }
    word
}

/// Whether a word without a scheme is clearly an address: host names only of known endings (or after `www.`), and
/// nothing but a port, path, query or fragment behind.
fn is_bare_address(word: &str) -> bool {
    let (host, tail) = word.split_at(word.find(['/', '?', '#', ':']).unwrap_or(word.len()));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let port = tail.strip_prefix(':').is_none_or(|port| port.starts_with(|c: char| c.is_ascii_digit()));
    let Some((head, ending)) = host.rsplit_once('.') else { return false };
    let lower = ending.to_ascii_lowercase();
    let www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) && head.len() > 4;
    host.starts_with(|c: char| c.is_ascii_alphabetic())
        && host.split('.').all(label)
        && port
        && (ENDINGS.contains(&lower.as_str())
            || www && lower.len() >= 2 && lower.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Top-level names that make a bare word a link. Left out are those that more often end a file name or an
/// abbreviation (`md`, `rs`, `py`, `sh`, `pl`, `zip`, `cc`, `so`); such an address needs its `https://`.
const ENDINGS: [&str; 74] = [
    "com", "org", "net", "edu", "gov", "info", "biz", "io", "ai", "app", "dev", "co", "me", "tv", "xyz", "blog",
    "shop", "store", "news", "online", "site", "social", "tech", "cloud", "design", "studio", "agency", "art", "page",
    "link", "club", "live", "media", "world", "eu", "uk", "de", "fr", "es", "it", "nl", "be", "at", "ch", "se", "no",
    "dk", "fi", "ie", "pt", "cz", "gr", "hu", "ro", "ua", "tr", "us", "ca", "mx", "br", "ar", "cl", "au", "nz", "jp",
    "kr", "cn", "tw", "hk", "sg", "in", "za", "il", "gg",
];

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn chop(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next_back()?;
    Some(chars.as_str())
}

#[cfg(test)]
mod tests;
