//! A file becomes a document: told what it is, turned into Markdown, rid of what nobody sees, and cut into chunks. Runs in
//! the process made for it ([`super::child`]), because none of its libraries is trusted with hostile files.

use super::{
    chunk, docx,
    front_matter::{self, FrontMatter},
    html,
    kind::{self, Kind},
    markdown, pdf,
    refusal::{FILE_MAX, Refusal},
    sections::{self, Section},
    text,
};
use crate::model::documents::{Language, ParsedChunk, ParsedDocument};

/// Questions of one chunk: short sections are joined, and each may have some.
const QUESTIONS_MOST: usize = 48;
/// Longest title in characters.
const TITLE_MAX: usize = 200;
/// How far an encoding is looked for in HTML, as browsers do.
const CHARSET_WITHIN: usize = 1024;

/// What a file was turned into.
#[derive(Default)]
struct Turned {
    markdown: String,
    /// What it says that it is asked for, with the places in `markdown`.
    questions: Vec<(usize, Vec<String>)>,
    /// Where its pages begin, when it has pages.
    pages: Option<Vec<(usize, u32)>>,
    title: Option<String>,
    language: Option<Language>,
    head: FrontMatter,
    warnings: Vec<String>,
}

/// Reads a file. `name` is its name or address, `content_type` what a server said of it; both may be wrong.
pub fn parse(bytes: &[u8], name: &str, content_type: Option<&str>) -> Result<ParsedDocument, Refusal> {
    if bytes.len() > FILE_MAX {
        return Err(Refusal::TooLarge);
    }
    let declared = Kind::declared(name, content_type);
    let mut turned = turn(bytes, declared, content_type)?;
    let sections = match &turned.pages {
        Some(pages) => sections::pages(pages),
        None => sections::sections(&turned.markdown),
    };
    let mut chunks = chunk::chunk_sections(&turned.markdown, &sections);
    let asked = std::mem::take(&mut turned.questions);
    turned.warnings.extend(put_questions(&mut chunks, &sections, asked));
    if chunks.is_empty() {
        return Err(if turned.pages.is_some() { Refusal::NoText } else { Refusal::Empty });
    }
    let head = std::mem::take(&mut turned.head);
    turned.warnings.extend(head.warnings);
    let language = head.language.or(turned.language).or_else(|| Language::detect(&turned.markdown));
    let title = title([head.title, turned.title, heading(&sections), Some(stem(name).to_owned())]);
    Ok(ParsedDocument {
        title,
        language,
        category: head.category,
        audience: head.audience,
        chunks,
        warnings: turned.warnings,
    })
}

/// Questions are about the section that they stand in: every chunk of it has them. Says how many there are.
fn put_questions(chunks: &mut [ParsedChunk], sections: &[Section], asked: Vec<(usize, Vec<String>)>) -> Option<String> {
    let (mut read, mut left) = (0, 0);
    for (place, questions) in asked {
        let section = sections.partition_point(|section| section.start <= place).saturating_sub(1);
        let anchor = sections.get(section).map_or("", |section| &section.anchor);
        let is_of = |chunk: &ParsedChunk| chunk.section == anchor || chunk.also.iter().any(|also| also == anchor);
        // Under a heading without text, or before all text: where that is.
        let here = chunks.partition_point(|chunk| chunk.start as usize <= place).saturating_sub(1);
        let lone = !chunks.iter().any(is_of);
        let mut taken = 0;
        for (number, chunk) in chunks.iter_mut().enumerate() {
            if if lone { number == here } else { is_of(chunk) } {
                let room = QUESTIONS_MOST.saturating_sub(chunk.questions.len()).min(questions.len());
                chunk.questions.extend(questions.iter().take(room).cloned());
                taken = room.max(taken);
            }
        }
        read += taken;
        left += questions.len() - taken;
    }
    let more = if left > 0 { format!("; {left} were too many") } else { String::new() };
    (read + left > 0).then(|| format!("{read} question(s) in comments serve to find passages and are not shown{more}."))
}

fn turn(bytes: &[u8], declared: Option<Kind>, content_type: Option<&str>) -> Result<Turned, Refusal> {
    let found = kind::by_bytes(bytes)?;
    let mut turned = match found {
        Some(Kind::Pdf) => from_pdf(bytes)?,
        Some(_) => from_docx(bytes)?,
        None => from_text(bytes, declared, content_type)?,
    };
    let is_text = |kind| matches!(kind, Kind::Markdown | Kind::Text | Kind::Html);
    let is_other = declared.zip(found).is_some_and(|(declared, found)| declared != found)
        || found.is_none() && declared.is_some_and(|declared| !is_text(declared));
    if let Some(declared) = declared.filter(|_| is_other) {
        let read = found.map_or("text", Kind::name);
        turned.warnings.push(format!("The name says {}; it was read as {read}, which it is.", declared.name()));
    }
    Ok(turned)
}

fn from_pdf(bytes: &[u8]) -> Result<Turned, Refusal> {
    let pages = pdf::read(bytes)?;
    let mut turned = Turned { title: pages.title, ..Turned::default() };
    let mut starts = Vec::new();
    let mut hidden = 0;
    for (number, page) in pages.texts {
        let (page, removed) = text::visible(&page);
        hidden += removed;
        starts.push((turned.markdown.len(), number));
        turned.markdown.push_str(&page);
        turned.markdown.push_str("\n\n");
    }
    turned.warnings.extend(characters(hidden));
    if !pages.broken.is_empty() {
        let numbers: Vec<_> = pages.broken.iter().take(10).map(u32::to_string).collect();
        let more = if pages.broken.len() > 10 { ", …" } else { "" };
        turned.warnings.push(format!("These pages could not be read: {}{more}.", numbers.join(", ")));
    }
    turned.pages = Some(starts);
    Ok(turned)
}

fn from_docx(bytes: &[u8]) -> Result<Turned, Refusal> {
    let letter = docx::read(bytes)?;
    let (markdown, removed) = text::visible(&letter.markdown);
    let warnings = characters(removed).into_iter().chain(letter.hid.then(elements)).collect();
    Ok(Turned { markdown, title: letter.title, warnings, ..Turned::default() })
}

fn from_text(bytes: &[u8], declared: Option<Kind>, content_type: Option<&str>) -> Result<Turned, Refusal> {
    let charset = charset(bytes, declared, content_type);
    let decoded = text::decode(bytes, charset.as_deref()).map_err(|refusal| match bytes.contains(&0) {
        // Letters have no NUL in any encoding that is not marked.
        true if charset.is_none() && !has_mark(bytes) => Refusal::KindUnknown("no text".into()),
        _ => refusal,
    })?;
    if text::is_binary(&decoded) {
        return Err(Refusal::KindUnknown("no text".into()));
    }
    let (seen, removed) = text::visible(&decoded);
    let mut warnings: Vec<_> = characters(removed).into_iter().collect();
    if kind::looks_like_html(&seen) || declared == Some(Kind::Html) {
        if declared.is_some_and(|declared| matches!(declared, Kind::Markdown | Kind::Text)) {
            warnings.push("It was read as HTML, which it is.".into());
        }
        return from_html(&seen, warnings);
    }
    let (head, body) = match declared {
        Some(Kind::Text) => (FrontMatter::default(), seen.as_str()),
        _ => front_matter::split(&seen)?,
    };
    let seen = markdown::visible(body);
    warnings.extend(seen.suspicious.then(elements));
    Ok(Turned { markdown: seen.markdown, questions: seen.questions, head, warnings, ..Turned::default() })
}

fn from_html(html: &str, mut warnings: Vec<String>) -> Result<Turned, Refusal> {
    let page = html::read(html)?;
    warnings.extend(page.hid.then(elements));
    // References to characters can write what was taken out of the source.
    let (markdown, removed) = text::visible(&page.markdown);
    warnings.extend(characters(removed));
    let language = page.language.as_deref().and_then(Language::parse);
    Ok(Turned { markdown, title: page.title, language, warnings, ..Turned::default() })
}

fn has_mark(bytes: &[u8]) -> bool {
    encoding_rs::Encoding::for_bom(bytes).is_some()
}

/// The encoding that a server or the page itself declares.
fn charset(bytes: &[u8], declared: Option<Kind>, content_type: Option<&str>) -> Option<String> {
    let after = |text: &str| {
        let lower = text.to_lowercase();
        let (_, value) = lower.split_once("charset=")?;
        let value = value.trim_start_matches(['"', '\'', ' ']);
        let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(value.len());
        value.get(..end).map(str::to_owned)
    };
    let head = String::from_utf8_lossy(bytes.get(..CHARSET_WITHIN).unwrap_or(bytes));
    let of_page = || (declared == Some(Kind::Html) || kind::looks_like_html(&head)).then(|| after(&head)).flatten();
    content_type.and_then(after).or_else(of_page)
}

fn characters(removed: usize) -> Option<String> {
    (removed > 0).then(|| format!("{removed} invisible characters, which can hide text, were taken out."))
}

fn elements() -> String {
    "Text that is hidden from readers was left out.".into()
}

fn heading(sections: &[Section]) -> Option<String> {
    sections.iter().find(|section| section.level == 1).and_then(|section| section.path.last().cloned())
}

fn stem(name: &str) -> &str {
    let last = kind::file_name(name);
    last.rsplit_once('.').map_or(last, |(stem, _)| stem)
}

/// The first that is not blank, on one line.
fn title<const N: usize>(candidates: [Option<String>; N]) -> String {
    let plain = |title: String| {
        let (seen, _) = text::visible(&title);
        seen.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE_MAX).collect::<String>()
    };
    let named = candidates.into_iter().flatten().map(plain).find(|title| !title.is_empty());
    named.unwrap_or_else(|| "Untitled".into())
}
