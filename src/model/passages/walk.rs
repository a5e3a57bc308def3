//! From the events of a Markdown reader to passages.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    Kind, Passage,
    safe::{inert, visible},
};

/// A block that is being read.
struct Block {
    kind: Kind,
    /// What stands before its text: a bullet, a number.
    prefix: String,
    text: String,
    /// Where pieces of the text came from: byte of the text, byte of the Markdown.
    from: Vec<(usize, usize)>,
    /// Code within: bytes of the text.
    code: Vec<Range<usize>>,
    end: usize,
}

#[derive(Default)]
struct Walk {
    found: Vec<Passage>,
    block: Option<Block>,
    /// Numbers of the lists around; none: bullets.
    lists: Vec<Option<u64>>,
    /// Images around.
    images: usize,
    /// The element around that hides its text.
    hidden: Option<String>,
}

pub fn walk(markdown: &str) -> Vec<Passage> {
    let mut walk = Walk::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        walk.event(event, range);
    }
    walk.flush();
    walk.found
}

impl Walk {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, range),
            Event::Code(code) => self.code(&code, range),
            Event::SoftBreak | Event::HardBreak => self.text(" ", range),
            Event::InlineHtml(html) => self.html(&html),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            // The first paragraph of an item is the item.
            Tag::Paragraph
                if self.block.as_ref().is_some_and(|block| block.kind == Kind::Item && block.text.is_empty()) => {}
            Tag::Paragraph => self.open(Kind::Sentence, String::new()),
            Tag::Heading { .. } => self.open(Kind::Heading, String::new()),
            Tag::CodeBlock(_) => self.open(Kind::Code, String::new()),
            Tag::List(first) => {
                self.flush();
                self.lists.push(*first);
            }
            Tag::Item => {
                let prefix = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.open(Kind::Item, prefix);
            }
            Tag::TableHead | Tag::TableRow => self.open(Kind::Row, String::new()),
            Tag::TableCell => {
                if let Some(block) = self.block.as_mut().filter(|block| !block.text.is_empty()) {
                    block.text.push_str(" | ");
                }
            }
            Tag::Image { .. } => self.images += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::CodeBlock
            | TagEnd::Item
            | TagEnd::TableHead
            | TagEnd::TableRow => self.flush(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Image => self.images = self.images.saturating_sub(1),
            _ => {}
        }
        // What is hidden ends with its block at the latest: an element that is never closed swallows no more.
        if matches!(tag, TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableRow) {
            self.hidden = None;
        }
    }

    fn open(&mut self, kind: Kind, prefix: String) {
        self.flush();
        self.block = Some(Block { kind, prefix, text: String::new(), from: Vec::new(), code: Vec::new(), end: 0 });
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        if self.images > 0 || self.hidden.is_some() {
            return;
        }
        if self.block.is_none() {
            self.open(Kind::Sentence, String::new());
        }
        if let Some(block) = &mut self.block {
            block.from.push((block.text.len(), range.start));
            block.text.push_str(text);
            block.end = range.end;
        }
    }

    fn code(&mut self, code: &str, range: Range<usize>) {
        let before = self.block.as_ref().map_or(0, |block| block.text.len());
        let (code, fence) = (visible(code), if code.contains('`') { "``" } else { "`" });
        let pad = if fence.len() > 1 { " " } else { "" };
        self.text(&format!("{fence}{pad}{code}{pad}{fence}"), range);
        if let Some(block) = self.block.as_mut().filter(|block| block.text.len() > before) {
            block.code.push(before..block.text.len());
        }
    }

    /// An element that hides what is in it hides it here, too.
    fn html(&mut self, tag: &str) {
        let tag = tag.trim_start_matches('<').to_lowercase();
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match &self.hidden {
            Some(open) if tag.starts_with('/') && *open == name => self.hidden = None,
            None if !tag.starts_with('/') && ["hidden", "style", "class"].iter().any(|word| tag.contains(word)) => {
                self.hidden = Some(name);
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        let Some(block) = self.block.take() else { return };
        if block.text.trim().is_empty() {
            return;
        }
        match block.kind {
            Kind::Code => self.found.push(block.whole_code()),
            Kind::Sentence => block.sentences(&mut self.found),
            Kind::Heading | Kind::Item | Kind::Row => {
                let all = 0..block.text.len();
                self.found.extend(block.passage(all, true));
            }
        }
    }
}

impl Block {
    /// The byte of the Markdown that a byte of the text came from.
    fn origin(&self, at: usize) -> usize {
        let before = self.from.partition_point(|(text, _)| *text <= at);
        let (text, markdown) = self.from.get(before.saturating_sub(1)).copied().unwrap_or_default();
        markdown + at.saturating_sub(text)
    }

    fn sentences(&self, found: &mut Vec<Passage>) {
        let mut start = 0;
        for (at, sentence) in self.text.split_sentence_bound_indices() {
            let end = at + sentence.len();
            // Not within code, and not at the question mark of an address.
            let before = self.text.get(..end).and_then(|text| text.chars().next_back());
            let between = before.is_some_and(|c| c.is_whitespace() || !c.is_ascii());
            if !between || self.code.iter().any(|code| code.start < end && end < code.end) {
                continue;
            }
            found.extend(self.passage(start..end, start == 0));
            start = end;
        }
        if start < self.text.len() {
            found.extend(self.passage(start..self.text.len(), start == 0));
        }
    }

    /// A part of the block; code in it stays as it is.
    fn passage(&self, part: Range<usize>, first: bool) -> Option<Passage> {
        let mut text = self.prefix.clone();
        let mut at = part.start;
        for code in self.code.iter().filter(|code| code.start >= part.start && code.end <= part.end) {
            text.push_str(&inert(self.text.get(at..code.start).unwrap_or_default()));
            text.push_str(self.text.get(code.clone()).unwrap_or_default());
            at = code.end;
        }
        text.push_str(&inert(self.text.get(at..part.end).unwrap_or_default()));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = if part.end == self.text.len() { self.end } else { self.origin(part.end.saturating_sub(1)) + 1 };
        let says = text.chars().any(char::is_alphanumeric);
        let start = self.origin(part.start);
        says.then(|| Passage { kind: self.kind, first, text, start, end: end.max(start) })
    }

    fn whole_code(&self) -> Passage {
        let code = visible(self.text.trim_end_matches('\n'));
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((longest + 1).max(3));
        let text = format!("{fence}\n{code}\n{fence}");
        Passage { kind: Kind::Code, first: true, text, start: self.origin(0), end: self.end }
    }
}
