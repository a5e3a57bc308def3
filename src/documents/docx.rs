//! DOCX to Markdown. The archive is packed anew before it is read: only its texts, no more of them than may be, and without
//! what Word hides from readers.

use std::io::{Cursor, Read as _, Write as _};

use undoc::{ErrorKind, render};
use zip::{CompressionMethod, ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{refusal::Refusal, text};

/// Most parts of an archive; a document with a thousand pictures has fewer.
const PARTS_MAX: usize = 10_000;
/// Most bytes of all texts together, unpacked.
const TEXTS_MAX: u64 = 64 * 1024 * 1024;
/// Deepest nesting. A table within tables within tables is at about a hundred.
const DEPTH_MAX: usize = 500;
/// The part with the text of a document.
const TEXT: &str = "word/document.xml";

#[derive(Debug)]
pub struct Letter {
    pub markdown: String,
    pub title: Option<String>,
    pub hid: bool,
}

/// Whether an archive is a document of Word; what it is else, for a person.
pub fn is_docx(bytes: &[u8]) -> Result<(), String> {
    let Ok(archive) = ZipArchive::new(Cursor::new(bytes)) else { return Err("a damaged ZIP archive".into()) };
    let has = |start: &str| archive.file_names().flatten().any(|name| name.starts_with(start));
    match () {
        () if has("word/") => Ok(()),
        () if has("xl/") => Err("an Excel workbook".into()),
        () if has("ppt/") => Err("a PowerPoint presentation".into()),
        () => Err("a ZIP archive".into()),
    }
}

pub fn read(bytes: &[u8]) -> Result<Letter, Refusal> {
    let (packed, hid) = packed_anew(bytes)?;
    let document = undoc::parse_bytes(&packed).map_err(|error| match error.kind() {
        ErrorKind::Encrypted => Refusal::Encrypted("DOCX".into()),
        _ => broken(),
    })?;
    let options = render::RenderOptions { max_heading_level: 6, ..render::RenderOptions::new() }.with_images(false);
    let markdown = render::to_markdown(&document, &options).map_err(|_| broken())?;
    Ok(Letter { markdown, title: document.metadata.title, hid })
}

fn broken() -> Refusal {
    Refusal::Broken("DOCX".into())
}

fn packed_anew(bytes: &[u8]) -> Result<(Vec<u8>, bool), Refusal> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if archive.len() > PARTS_MAX {
        return Err(Refusal::TooComplex);
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let (mut left, mut hid) = (TEXTS_MAX, false);
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Refusal::Encrypted("DOCX".into()),
            _ => broken(),
        })?;
        let name = part.name().map_err(|_| broken())?.into_owned();
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            continue;
        }
        let mut content = Vec::new();
        // One more than may be, so that what is longer is seen. Its own claim of its size is not believed.
        let read = part.by_ref().take(left + 1).read_to_end(&mut content).map_err(|_| broken())?;
        left = left.checked_sub(read as u64).ok_or(Refusal::TooComplex)?;
        if name == TEXT {
            let (seen, removed) = seen(&text::decode(&content, None).map_err(|_| broken())?)?;
            content = seen.into_bytes();
            hid |= removed;
        }
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, options).map_err(|_| broken())?;
        writer.write_all(&content).map_err(|_| broken())?;
    }
    Ok((writer.finish().map_err(|_| broken())?.into_inner(), hid))
}

/// The text without runs that are set as hidden, and whether there were such.
fn seen(xml: &str) -> Result<(String, bool), Refusal> {
    // No program writes one into a document; it is where entities are declared that unfold.
    if xml.contains("<!DOCTYPE") || xml.contains("<!ENTITY") {
        return Err(broken());
    }
    // A byte order mark went with decoding, and a declaration of another encoding would be wrong now.
    let body = xml.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or(xml, |(_, body)| body);
    let mut kept = String::with_capacity(body.len());
    let mut runs: Vec<Run> = Vec::new();
    let (mut at, mut hid, mut depth) = (0, false, 0_usize);
    while let Some(found) = body.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        let Some(length) = body.get(start..).and_then(|rest| rest.find('>')) else { break };
        let tag = body.get(start..=start + length).unwrap_or_default();
        kept.push_str(body.get(at..start).unwrap_or_default());
        at = start + length + 1;
        let closes = tag.starts_with("</");
        depth = if closes { depth.saturating_sub(1) } else { depth + usize::from(!tag.ends_with("/>")) };
        if depth > DEPTH_MAX {
            return Err(Refusal::TooComplex);
        }
        let name = tag.trim_start_matches(['<', '/']).trim_end_matches(['>', '/']).split_whitespace().next();
        match name {
            Some("w:r") if !closes && !tag.ends_with("/>") => runs.push(Run { start: kept.len(), hidden: false }),
            Some("w:vanish" | "w:webHidden" | "w:specVanish") if !closes && !is_off(tag) => {
                if let Some(run) = runs.last_mut() {
                    run.hidden = true;
                }
            }
            Some("w:r") if closes => {
                if let Some(run) = runs.pop().filter(|run| run.hidden) {
                    kept.truncate(run.start);
                    hid = true;
                    continue;
                }
            }
            _ => {}
        }
        kept.push_str(tag);
    }
    kept.push_str(body.get(at..).unwrap_or_default());
    Ok((kept, hid))
}

struct Run {
    start: usize,
    hidden: bool,
}

fn is_off(tag: &str) -> bool {
    ["\"0\"", "\"false\"", "\"off\"", "'0'", "'false'", "'off'"].iter().any(|off| tag.contains(off))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_runs_are_gone() {
        let run = |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
        let body = |inner: &str| format!("<w:p>{inner}</w:p>");
        let shown = [run("", "a"), run("<w:vanish w:val=\"0\"/>", "b"), run("<w:b/>", "c")].concat();
        let hidden = [run("<w:vanish/>", "x"), run("<w:b/><w:vanish w:val=\"true\"/>", "y")].concat();
        assert_eq!(seen(&body(&(shown.clone() + &hidden))).unwrap(), (body(&shown), true));
        assert_eq!(seen(&body(&shown)).unwrap(), (body(&shown), false));
    }

    #[test]
    fn entities_are_refused() {
        assert_eq!(seen("<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><w:p/>"), Err(broken()));
    }
}
