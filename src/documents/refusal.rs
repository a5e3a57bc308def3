//! Why a document was not taken. Travels from the process that reads it to the one that asked, and becomes an error with
//! a next step there.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Largest file in bytes.
pub const FILE_MAX: usize = 25 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    TooLarge,
    /// What its bytes are instead, as far as that can be told.
    KindUnknown(String),
    /// The kind of file.
    Encrypted(String),
    /// The kind of file.
    Broken(String),
    /// Of whatever kind.
    Unexpected,
    /// Time, memory or depth ended.
    TooComplex,
    Empty,
    /// A PDF of pictures.
    NoText,
    Encoding,
    /// What is wrong with a line at its head that decides who may see it.
    Audience(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge => Self::limit(
                "document_too_large",
                format!("The document is larger than {} MiB.", FILE_MAX / 1024 / 1024),
            )
            .next("Split it, or save it without its pictures, and add the parts."),
            Refusal::KindUnknown(found) => Self::invalid(
                "document_kind_unknown",
                format!("The file is {found}; what counts are its bytes, not its name."),
            )
            .next("Save it as Markdown, plain text, HTML, PDF or DOCX and add that file."),
            Refusal::Encrypted(kind) => {
                Self::invalid("document_encrypted", format!("The {kind} is protected by a password."))
                    .next("Save it without the password and add that file.")
            }
            Refusal::Broken(kind) => Self::invalid(
                "document_broken",
                format!("The file begins like a {kind} document and cannot be read as one."),
            )
            .next("Open it in the program that made it, save it again, and add that file."),
            Refusal::Unexpected => {
                Self::invalid("document_broken", "The file has something in it that cannot be read.")
                    .next("Open it in the program that made it, save it again, and add that file.")
            }
            Refusal::TooComplex => Self::limit(
                "document_too_complex",
                "Reading the document took more time or memory than a document may take.",
            )
            .next("Split it into smaller documents, or save it as plain text, and add that."),
            Refusal::Empty => Self::invalid("document_empty", "There is no text in the document.")
                .next("Choose a file with text in it."),
            Refusal::NoText => {
                Self::invalid("document_empty", "There is no text in the PDF; its pages are probably pictures of text.")
                    .next("Run it through text recognition (OCR) and add the result.")
            }
            Refusal::Encoding => Self::invalid(
                "document_encoding",
                "The text is neither UTF-8 nor UTF-16, and nothing says how it is encoded.",
            )
            .next("Save it as UTF-8 and add that file."),
            Refusal::Audience(problem) => Self::invalid("document_audience", problem).next(
                "Write `audience: [viewer, contributor, publisher, manager, admin]` with the roles that are meant, \
                 or leave the line out.",
            ),
        }
    }
}
