//! The sections of a Markdown text, one for each heading, with the path and the anchor that citations name. Knows
//! nothing of tokens.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// From its heading to the next one, whatever their levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Where its heading begins, in bytes.
    pub start: usize,
    /// Where its heading ends.
    pub text: usize,
    /// 1 to 6; 0 for what stands before the first heading.
    pub level: u8,
    /// With its own heading as the last.
    pub path: Vec<String>,
    pub anchor: String,
}

/// Longest title of a section in characters, because every chunk repeats those above it.
const TITLE_MAX: usize = 200;

/// How Markdown is read here, everywhere the same.
pub fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES
}

/// All sections in their order; the first begins at 0. Headings inside quotations and lists are text.
pub fn sections(markdown: &str) -> Vec<Section> {
    let mut sections = vec![Section { start: 0, text: 0, level: 0, path: Vec::new(), anchor: String::new() }];
    let mut above: Vec<(u8, String)> = Vec::new();
    let mut anchors = Anchors::default();
    let mut depth = 0_usize;
    let mut heading: Option<(u8, usize, String)> = None;
    for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                heading = Some((number(level), range.start, String::new()));
                depth += 1;
            }
            Event::End(TagEnd::Heading(_)) if depth == 1 => {
                depth = 0;
                let Some((level, start, title)) = heading.take() else { continue };
                let title: String =
                    title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE_MAX).collect();
                above.retain(|(other, _)| *other < level);
                above.push((level, title.clone()));
                sections.push(Section {
                    start,
                    text: range.end,
                    level,
                    path: above.iter().map(|(_, title)| title.clone()).collect(),
                    anchor: anchors.next(&title),
                });
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) | Event::Code(text) => {
                if let Some((.., title)) = &mut heading {
                    title.push_str(&text);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some((.., title)) = &mut heading {
                    title.push(' ');
                }
            }
            _ => {}
        }
    }
    sections
}

/// Sections that are the pages of a PDF, which begin at these bytes.
pub fn pages(starts: &[(usize, u32)]) -> Vec<Section> {
    let section = |(start, page): &(usize, u32)| Section {
        start: *start,
        text: *start,
        // Pages are side by side, and short ones may be joined like short sections.
        level: JOINED_FROM,
        path: vec![format!("Page {page}")],
        anchor: format!("page={page}"),
    };
    starts.iter().map(section).collect()
}

/// Sections of this level and below are joined when they are short; above, they are topics of their own.
pub const JOINED_FROM: u8 = 3;

impl Section {
    /// Whether `next` may stand in one chunk with this section: it lies inside, or beside as a small one of the same parent.
    pub fn leads_to(&self, next: &Self) -> bool {
        let parent = |section: &Self| section.path.len().saturating_sub(1);
        let inside = next.path.len() > self.path.len() && next.path.starts_with(&self.path);
        let beside = self.level >= JOINED_FROM
            && next.level >= JOINED_FROM
            && self.path.get(..parent(self)) == next.path.get(..parent(next));
        inside || beside
    }
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Anchors as GitHub makes them: lower case, letters, digits, `-` and `_`, spaces become `-`, and a number after
/// those that were there before.
#[derive(Default)]
struct Anchors {
    taken: BTreeMap<String, u32>,
}

impl Anchors {
    fn next(&mut self, title: &str) -> String {
        let plain: String = title
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' || is_mark(c) => Some(c),
                _ => None,
            })
            .collect();
        let mut anchor = plain.clone();
        while self.taken.contains_key(&anchor) {
            let count = self.taken.entry(plain.clone()).or_default();
            *count += 1;
            anchor = format!("{plain}-{count}");
        }
        self.taken.insert(anchor.clone(), 0);
        anchor
    }
}

/// Vowel signs of Thai, Hindi and others are no letters to `is_alphanumeric`, and GitHub keeps them.
fn is_mark(c: char) -> bool {
    use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};
    c.general_category_group() == GeneralCategoryGroup::Mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_github() {
        let mut anchors = Anchors::default();
        let made = ["What's new in 2.0?", "FAQ", "FAQ", "FAQ-1", "FAQ", "Größe & Form", "日本語 の 見出し", "ที่นี่"]
            .map(|t| anchors.next(t));
        assert_eq!(
            made,
            ["whats-new-in-20", "faq", "faq-1", "faq-1-1", "faq-2", "größe--form", "日本語-の-見出し", "ที่นี่"]
        );
    }

    #[test]
    fn headings_make_paths() {
        let text =
            "Before\n\n# Guide `x`\n\n## One\n\n> ## quoted\n\n```\n# code\n```\n\nTwo\n---\n\n#### Deep\n\n# End\n";
        let found: Vec<_> = sections(text).into_iter().map(|s| (s.level, s.path.join(" / "), s.anchor)).collect();
        let expected = [
            (0, "", ""),
            (1, "Guide x", "guide-x"),
            (2, "Guide x / One", "one"),
            (2, "Guide x / Two", "two"),
            (4, "Guide x / Two / Deep", "deep"),
            (1, "End", "end"),
        ];
        assert_eq!(found, expected.map(|(level, path, anchor)| (level, path.to_owned(), anchor.to_owned())));
    }
}
