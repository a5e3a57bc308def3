//! What a file is, told from its bytes. Its name decides only between texts, which all look alike.

use super::{docx, refusal::Refusal};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Markdown,
    Text,
    Html,
    Pdf,
    Docx,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Markdown => "Markdown",
            Self::Text => "plain text",
            Self::Html => "HTML",
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
        }
    }

    /// By the ending of its name, else by its declared type.
    pub fn declared(name: &str, content_type: Option<&str>) -> Option<Self> {
        let ending = file_name(name).rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        let by_name = match ending.as_deref() {
            Some("md" | "markdown" | "mdown" | "mkd") => Some(Self::Markdown),
            Some("txt" | "text") => Some(Self::Text),
            Some("html" | "htm" | "xhtml") => Some(Self::Html),
            Some("pdf") => Some(Self::Pdf),
            Some("docx") => Some(Self::Docx),
            _ => None,
        };
        let mime = content_type.and_then(|value| value.split(';').next()).map(|mime| mime.trim().to_lowercase());
        by_name.or(match mime.as_deref() {
            Some("text/markdown" | "text/x-markdown") => Some(Self::Markdown),
            Some("text/plain") => Some(Self::Text),
            Some("text/html" | "application/xhtml+xml") => Some(Self::Html),
            Some("application/pdf") => Some(Self::Pdf),
            Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document") => Some(Self::Docx),
            _ => None,
        })
    }
}

/// The last part of a path or an address.
pub fn file_name(name: &str) -> &str {
    let path = match name.split_once("://") {
        Some((_, address)) => address.split(['?', '#']).next().unwrap_or(address),
        None => name,
    };
    let path = path.trim_end_matches(['/', '\\']);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What the bytes are for sure; `None` for texts.
pub fn by_bytes(bytes: &[u8]) -> Result<Option<Kind>, Refusal> {
    // Some programs write a few bytes before the head of a PDF.
    let head = bytes.get(..1024).unwrap_or(bytes);
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(Some(Kind::Pdf));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return docx::is_docx(bytes).map(|()| Some(Kind::Docx)).map_err(Refusal::KindUnknown);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(ole(bytes));
    }
    match OTHERS.iter().find(|(magic, at, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic))) {
        Some((.., name)) => Err(Refusal::KindUnknown((*name).into())),
        None => Ok(None),
    }
}

/// Office wraps an encrypted document into its old format.
fn ole(bytes: &[u8]) -> Refusal {
    let wide: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    match bytes.windows(wide.len()).any(|window| window == wide) {
        true => Refusal::Encrypted("Office document".into()),
        false => Refusal::KindUnknown("a document of an old Office program".into()),
    }
}

const OTHERS: &[(&[u8], usize, &str)] = &[
    (b"\x89PNG", 0, "a PNG image"),
    (b"\xff\xd8\xff", 0, "a JPEG image"),
    (b"GIF87a", 0, "a GIF image"),
    (b"GIF89a", 0, "a GIF image"),
    (b"ftyp", 4, "a video or an image"),
    (b"II*\0", 0, "a TIFF image"),
    (b"MM\0*", 0, "a TIFF image"),
    (b"MZ\x90\0", 0, "a program"),
    (b"\x7fELF", 0, "a program"),
    (b"\xcf\xfa\xed\xfe", 0, "a program"),
    (b"\xca\xfe\xba\xbe", 0, "a program"),
    (b"{\\rtf", 0, "a document in Rich Text Format"),
    (b"%!PS", 0, "a PostScript document"),
    (b"\x1f\x8b", 0, "a compressed file"),
    (b"\xfd7zXZ", 0, "a compressed file"),
    (b"\x28\xb5\x2f\xfd", 0, "a compressed file"),
    (b"7z\xbc\xaf", 0, "a 7-Zip archive"),
    (b"Rar!", 0, "a RAR archive"),
    (b"SQLite format 3", 0, "a database"),
    (b"OggS", 0, "a sound or a video"),
    (b"fLaC", 0, "a sound"),
    (b"\x1a\x45\xdf\xa3", 0, "a video"),
];

/// Whether a text begins like a page of HTML.
pub fn looks_like_html(text: &str) -> bool {
    let mut rest = text.trim_start();
    for (start, end) in [("<?xml", "?>"), ("<!--", "-->")] {
        while let Some(inner) = rest.strip_prefix(start) {
            let Some((_, after)) = inner.split_once(end) else { return false };
            rest = after.trim_start();
        }
    }
    let head: String = rest.chars().take(15).collect::<String>().to_lowercase();
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|start| head.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_name_and_type() {
        let cases = [
            ("a.MD", Some("text/html"), Some(Kind::Markdown)),
            ("a", Some("text/html; charset=utf-8"), Some(Kind::Html)),
            ("a.pdf.txt", None, Some(Kind::Text)),
            ("https://example.com/help/?a=b.pdf#c.pdf", None, None),
            ("C:\\a#1.docx", None, Some(Kind::Docx)),
            ("a.exe", Some("application/octet-stream"), None),
        ];
        for (name, content_type, kind) in cases {
            assert_eq!(Kind::declared(name, content_type), kind, "{name}");
        }
    }

    #[test]
    fn texts_that_begin_strangely_are_texts() {
        for text in ["BMW drivers", "MZ is a district", "GIF or PNG?", "PKO", ""] {
            assert_eq!(by_bytes(text.as_bytes()), Ok(None), "{text}");
        }
        assert!(looks_like_html("\n<!-- a > b -->\n<!DOCTYPE HTML>"));
        assert!(!looks_like_html("<p>Markdown may begin like this"));
    }
}
