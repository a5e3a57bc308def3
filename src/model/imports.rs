//! Files of posts: what a row says, before accounts, pictures and times are looked up. Reading and writing CSV and JSON
//! is in the files beside; nothing here knows what is stored.

pub mod cells;
pub mod csv;
pub mod decode;
pub mod json;
pub mod template;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Largest file, in bytes.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most rows of one file.
pub const ROWS_MAX: usize = 50_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    /// By the first character: JSON begins with a bracket.
    pub fn of(content: &str) -> Self {
        if content.trim_start().starts_with(['[', '{']) { Self::Json } else { Self::Csv }
    }
}

impl std::str::FromStr for Format {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(Error::invalid("format_unknown", "That is no format.").next("Use csv or json.")),
        }
    }
}

/// A post as a file says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// As a spreadsheet counts: the heading of a CSV file is row 1. In JSON the first post is 1.
    pub number: usize,
    /// Tells the row from others for good.
    pub key: Option<String>,
    pub segments: Vec<Segment>,
    /// Ids, `network/handle`, or a handle.
    pub accounts: Vec<String>,
    pub scheduled_at: Option<String>,
    pub time_zone: Option<String>,
    pub title: Option<String>,
    pub tags: Vec<String>,
    /// Id or name.
    pub campaign: Option<String>,
    pub variants: Vec<RowVariant>,
}

/// A message of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    #[serde(default)]
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Picture>,
}

/// A picture: where it comes from, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// An asset id, `sha256:` and the hash of a picture that is here already, a web address, or a path.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
}

/// What differs on one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowVariant {
    pub account: String,
    /// Other messages; none means the row's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// Another time; empty text means that it has none on this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<String>,
}

/// What is wrong with a row, or deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RowIssue {
    /// As a spreadsheet counts: the heading is row 1. In JSON the first post is 1.
    pub row: usize,
    pub column: String,
    pub message: String,
}

impl std::fmt::Display for RowIssue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let column = if self.column.is_empty() { String::new() } else { format!(", {}", self.column) };
        write!(f, "row {}{column}: {}", self.row, self.message)
    }
}

impl RowIssue {
    pub fn new(row: usize, column: impl Into<String>, message: impl Into<String>) -> Self {
        Self { row, column: column.into(), message: message.into() }
    }
}

/// The rows that could be read, and what was wrong with the others.
#[derive(Debug, Default)]
pub struct Read {
    pub rows: Vec<Row>,
    pub problems: Vec<RowIssue>,
    /// Rows that were there, empty ones aside.
    pub found: usize,
}

/// Reads a file's text. What is wrong with single rows is in the result; an error means that the file as a whole cannot
/// be read.
pub fn read(content: &str, format: Option<Format>) -> Result<Read, Error> {
    if content.len() > BYTES_MAX {
        return Err(too_large());
    }
    if content.trim().is_empty() {
        return Err(empty());
    }
    let read = match format.unwrap_or_else(|| Format::of(content)) {
        Format::Csv => csv::read(content)?,
        Format::Json => json::read(content)?,
    };
    if read.found == 0 {
        return Err(empty());
    }
    Ok(read)
}

fn empty() -> Error {
    Error::invalid("file_empty", "The file has no posts.").next("Begin with a template: `allin import --template csv`.")
}

pub fn too_large() -> Error {
    Error::limit("file_too_large", format!("The file is larger than {} MiB.", BYTES_MAX / 1024 / 1024))
        .next("Split it into several files.")
}

fn too_many_rows() -> Error {
    Error::limit("too_many_rows", format!("The file has more than {ROWS_MAX} rows."))
        .next("Split it into several files.")
}
