//! PDF to text, page by page. A page that cannot be read does not take the others with it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, Object, PlainTextOutput, output_doc_page};

use super::refusal::Refusal;

#[derive(Debug)]
pub struct Pages {
    /// Its number, from 1, and its text.
    pub texts: Vec<(u32, String)>,
    pub title: Option<String>,
    /// Pages that could not be read.
    pub broken: Vec<u32>,
}

pub fn read(bytes: &[u8]) -> Result<Pages, Refusal> {
    // The library panics on what it did not expect.
    let loaded = catch_unwind(|| Document::load_mem(bytes)).map_err(|_| broken())?;
    let mut document = loaded.map_err(|error| match error {
        pdf_extract::Error::Decryption(_) | pdf_extract::Error::InvalidPassword => encrypted(),
        _ => broken(),
    })?;
    // Many are sealed against changes only, and open without a password.
    if document.is_encrypted() && !catch_unwind(AssertUnwindSafe(|| document.decrypt("").is_ok())).unwrap_or(false) {
        return Err(encrypted());
    }
    let numbers: Vec<u32> = document.get_pages().into_keys().collect();
    let mut pages = Pages { texts: Vec::new(), title: title(&document), broken: Vec::new() };
    for number in numbers {
        match catch_unwind(AssertUnwindSafe(|| page(&document, number))).ok().flatten() {
            Some(text) => pages.texts.push((number, text)),
            None => pages.broken.push(number),
        }
    }
    if pages.texts.is_empty() { Err(broken()) } else { Ok(pages) }
}

fn broken() -> Refusal {
    Refusal::Broken("PDF".into())
}

fn encrypted() -> Refusal {
    Refusal::Encrypted("PDF".into())
}

fn page(document: &Document, number: u32) -> Option<String> {
    let mut text = String::new();
    output_doc_page(document, &mut PlainTextOutput::new(&mut text), number).ok()?;
    Some(tidy(&text))
}

/// One empty line at most between paragraphs, and no spaces around lines: a PDF has no structure that they would show.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if !line.is_empty() || !(tidy.is_empty() || tidy.ends_with("\n\n")) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

/// Unless a program put the name of a file there.
fn title(document: &Document) -> Option<String> {
    let info = document.trailer.get(b"Info").ok()?;
    let info = match info {
        Object::Reference(id) => document.get_dictionary(*id).ok()?,
        other => other.as_dict().ok()?,
    };
    let title = pdf_extract::decode_text_string(info.get(b"Title").ok()?).ok()?;
    let is_file =
        [".doc", ".docx", ".pdf", ".indd", ".odt", ".tex"].iter().any(|end| title.to_lowercase().ends_with(end));
    (!is_file).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn lines_are_kept_and_gaps_closed() {
        assert_eq!(tidy("\n\n One \n two\n\n\n\n Three\n\n"), "One\ntwo\n\nThree");
    }
}
