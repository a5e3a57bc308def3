//! CSV in and out: commas, semicolons or tabs, as spreadsheets write them. A thread has `text_2`, `text_3` … beside
//! `text`, with `media_2` and `alt_text_2` for their pictures.

use csv::{ReaderBuilder, StringRecord, Terminator, WriterBuilder};

use super::{
    ROWS_MAX, Read, Row, RowIssue, RowVariant, Segment,
    cells::{barred, guard, join_barred, unguard, words},
    too_many_rows,
};
use crate::{
    error::{Error, Result},
    model::{imports::Picture, posts::SEGMENTS_MAX},
};

/// Columns that are read; `text`, `media` and `alt_text` also with a number.
const COLUMNS: [&str; 11] = [
    "key",
    "text",
    "accounts",
    "scheduled_at",
    "time_zone",
    "title",
    "tags",
    "campaign",
    "media",
    "alt_text",
    "variants",
];
/// What an export tells besides, and an import leaves alone.
pub const TOLD: [&str; 3] = ["post_id", "status", "published_at"];

/// A column: its place in [`COLUMNS`], and which message it is about.
type Column = Option<(usize, usize)>;

pub fn read(content: &str) -> Result<Read> {
    let (separator, content) = separator(content);
    if quote_left_open(content, char::from(separator)) {
        return Err(Error::invalid("csv_unreadable", "A quotation mark is opened and never closed.")
            .next("Close the cell with \", and write a quotation mark inside of one twice."));
    }
    let mut reader = ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(content.as_bytes());
    let header = reader.headers().map_err(unreadable)?.clone();
    let columns = columns(&header)?;
    let mut read = Read::default();
    let mut number = 1;
    for record in reader.records() {
        number += 1;
        let record = record.map_err(unreadable)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        read.found += 1;
        if read.found > ROWS_MAX {
            return Err(too_many_rows());
        }
        let before = read.problems.len();
        let row = row(number, &record, &columns, &mut read.problems);
        if read.problems.len() == before {
            read.rows.push(row);
        }
    }
    Ok(read)
}

/// Whether the last cell in quotes has no end: the rest of the file would become its text.
fn quote_left_open(content: &str, separator: char) -> bool {
    // At the start of a cell, or behind a quotation mark that ended one: only there another one opens.
    let (mut open, mut may_open) = (false, true);
    for letter in content.chars() {
        let (was_open, quote) = (open, letter == '"');
        open = if quote { !open && may_open } else { open };
        may_open = (quote && was_open) || (!open && (letter == separator || matches!(letter, '\n' | '\r')));
    }
    open
}

/// The character between cells: named in a first line `sep=;` as Excel knows it, else the one that the heading has most.
fn separator(content: &str) -> (u8, &str) {
    let (first, rest) = content.split_once('\n').unwrap_or((content, ""));
    if let Some(&[named]) = first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        return (named, rest);
    }
    let mut best = (b',', 0);
    for candidate in [b',', b';', b'\t'] {
        let count = first.bytes().filter(|byte| *byte == candidate).count();
        if count > best.1 {
            best = (candidate, count);
        }
    }
    (best.0, content)
}

fn columns(header: &StringRecord) -> Result<Vec<Column>> {
    let mut found: Vec<Column> = Vec::new();
    let mut problems = Vec::new();
    for cell in header {
        let name = cell.trim().to_lowercase().replace([' ', '-'], "_");
        let (base, message) = numbered(&name);
        let place = COLUMNS.iter().position(|known| *known == base);
        let place = place.filter(|_| message == 1 || matches!(base, "text" | "media" | "alt_text"));
        match place {
            Some(place) if found.contains(&Some((place, message))) => problems.push((name, "is there twice")),
            Some(_) if message > SEGMENTS_MAX => problems.push((name, "is beyond the 50 messages of a thread")),
            Some(place) => found.push(Some((place, message))),
            None if name.is_empty() || TOLD.contains(&name.as_str()) => found.push(None),
            None => problems.push((name, "is no column of an import")),
        }
    }
    if problems.is_empty() && !found.contains(&Some((1, 1))) {
        problems.push(("text".into(), "is missing"));
    }
    if problems.is_empty() {
        return Ok(found);
    }
    let wrong = Error::invalid("columns_invalid", "The first row does not name the columns of an import.").next(
        format!("Columns are {}; `allin import --template csv` prints a file to start from.", COLUMNS.join(", ")),
    );
    Err(problems
        .into_iter()
        .fold(wrong, |error, (name, problem)| error.field(name.chars().take(60).collect::<String>(), problem)))
}

/// `text_3` → text, 3.
fn numbered(name: &str) -> (&str, usize) {
    let parts = name.rsplit_once('_').and_then(|(base, number)| Some((base, number.parse().ok()?)));
    parts.filter(|(_, number)| *number >= 2).unwrap_or((name, 1))
}

fn row(number: usize, record: &StringRecord, columns: &[Column], problems: &mut Vec<RowIssue>) -> Row {
    let mut row = Row { number, ..Row::default() };
    if record.len() > columns.len() {
        let message = format!(
            "The row has {} cells and the heading {}: a text with a separator or quotation mark stands in quotation marks.",
            record.len(),
            columns.len()
        );
        problems.push(RowIssue::new(number, "", message));
        return row;
    }
    let mut alt_texts: Vec<(usize, Vec<String>)> = Vec::new();
    for (cell, column) in record.iter().zip(columns) {
        let Some((place, message)) = *column else { continue };
        let name = COLUMNS.get(place).copied().unwrap_or_default();
        if cell.contains('\0') {
            problems.push(RowIssue::new(number, name, "contains a NUL character"));
            continue;
        }
        let cell = unguard(cell);
        let short = Some(cell.trim().to_owned()).filter(|text| !text.is_empty());
        match name {
            "key" => row.key = short,
            "accounts" => row.accounts = words(cell),
            "scheduled_at" => row.scheduled_at = short,
            "time_zone" => row.time_zone = short,
            "title" => row.title = short,
            "tags" => row.tags = words(cell),
            "campaign" => row.campaign = short,
            "variants" => match short.map(|text| serde_json::from_str::<Vec<RowVariant>>(&text)) {
                None => {}
                Some(Ok(variants)) => row.variants = variants,
                Some(Err(error)) => {
                    problems.push(RowIssue::new(number, name, format!("is no list of variants as JSON: {error}")));
                }
            },
            "text" if !cell.is_empty() => segment(&mut row, message).text = cell.replace("\r\n", "\n"),
            "media" if short.is_some() => {
                let sources = barred(cell).into_iter().filter(|source| !source.is_empty());
                segment(&mut row, message).media = sources.map(|source| Picture { source, alt_text: None }).collect();
            }
            "alt_text" if short.is_some() => alt_texts.push((message, barred(cell))),
            _ => {}
        }
    }
    for (message, texts) in alt_texts {
        let pictures = &mut segment(&mut row, message).media;
        if texts.len() > pictures.len() {
            problems.push(RowIssue::new(number, "alt_text", "describes more pictures than `media` names"));
        }
        for (picture, text) in pictures.iter_mut().zip(texts) {
            picture.alt_text = Some(text).filter(|text| !text.is_empty());
        }
    }
    row
}

/// The message of that number, counted from 1.
fn segment(row: &mut Row, message: usize) -> &mut Segment {
    if row.segments.len() < message {
        row.segments.resize_with(message, Segment::default);
    }
    let last = row.segments.len().saturating_sub(1);
    let index = message.saturating_sub(1).min(last);
    // There is one: it was made above.
    #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
    &mut row.segments[index]
}

fn unreadable(error: csv::Error) -> Error {
    Error::invalid("csv_unreadable", "The file cannot be read as CSV.")
        .next("Save it anew as CSV UTF-8, or begin with `allin import --template csv`.")
        .because(error)
}

/// A row with what is told besides: the post's id, its status, when it was published.
pub struct Written<'a> {
    pub row: &'a Row,
    pub told: [String; 3],
}

/// A file in two parts, so that several bodies fit under the longest heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    pub heading: String,
    pub body: String,
}

/// The rows as a file that spreadsheets read and [`read`] reads again.
pub fn write(rows: &[Written<'_>]) -> Result<Parts> {
    let messages = rows.iter().map(|written| written.row.segments.len()).max().unwrap_or(1).max(1);
    let more = (2..=messages).flat_map(|n| [format!("text_{n}"), format!("media_{n}"), format!("alt_text_{n}")]);
    let names = COLUMNS.iter().chain(&TOLD).map(|name| (*name).to_owned()).chain(more);
    let heading = text([names.collect()])?;
    let body = text(rows.iter().map(cells).collect::<Result<Vec<_>>>()?)?;
    Ok(Parts { heading, body })
}

fn cells(written: &Written<'_>) -> Result<Vec<String>> {
    let Written { row, told } = written;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let variants = match row.variants.as_slice() {
        [] => String::new(),
        variants => serde_json::to_string(variants).map_err(Error::internal)?,
    };
    let (first, rest) = row.segments.split_first().map_or((&EMPTY, [].as_slice()), |(first, rest)| (first, rest));
    let [first_text, first_media, first_alt] = message(first);
    let mut cells = vec![
        text(&row.key),
        first_text,
        row.accounts.join("; "),
        text(&row.scheduled_at),
        text(&row.time_zone),
        text(&row.title),
        row.tags.join(", "),
        text(&row.campaign),
        first_media,
        first_alt,
        variants,
    ];
    cells.extend(told.iter().cloned());
    cells.extend(rest.iter().flat_map(message));
    Ok(cells.into_iter().map(guard).collect())
}

static EMPTY: Segment = Segment { text: String::new(), media: Vec::new() };

fn message(segment: &Segment) -> [String; 3] {
    let sources = join_barred(segment.media.iter().map(|picture| picture.source.as_str()));
    let alts: Vec<_> = segment.media.iter().map(|picture| picture.alt_text.as_deref().unwrap_or_default()).collect();
    let described = alts.iter().any(|alt| !alt.is_empty());
    [segment.text.clone(), sources, if described { join_barred(alts) } else { String::new() }]
}

fn text(records: impl IntoIterator<Item = Vec<String>>) -> Result<String> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.into_error()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}
