//! JSON in and out: a list of posts, or `{"posts": […]}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ROWS_MAX, Read, Row, RowIssue, RowVariant, Segment, too_many_rows};
use crate::error::{Error, Result};

/// A post as the file has it. `text` stands for a single message.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<RowVariant>,
    /// Told by an export, left alone by an import; so are the two that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    List(Vec<Value>),
    Named { posts: Vec<Value> },
}

pub fn read(content: &str) -> Result<Read> {
    let file: File = serde_json::from_str(content).map_err(|error| {
        Error::invalid("json_unreadable", format!("The file is no list of posts as JSON: {error}."))
            .next("Begin with `allin import --template json`.")
    })?;
    let (File::List(items) | File::Named { posts: items }) = file;
    if items.len() > ROWS_MAX {
        return Err(too_many_rows());
    }
    let mut read = Read { found: items.len(), ..Read::default() };
    for (index, item) in items.into_iter().enumerate() {
        let number = index + 1;
        match serde_path_to_error::deserialize::<_, Item>(item) {
            Ok(item) if item.text.is_some() && !item.segments.is_empty() => {
                read.problems.push(RowIssue::new(number, "text", "stands beside segments: use one of them"));
            }
            Ok(item) => match row(number, item) {
                row if has_nul(&row) => {
                    read.problems.push(RowIssue::new(number, "text", "contains a NUL character"));
                }
                row => read.rows.push(row),
            },
            Err(error) => {
                let path = error.path().to_string();
                let column = if path == "." { String::new() } else { path };
                read.problems.push(RowIssue::new(number, column, error.inner().to_string()));
            }
        }
    }
    Ok(read)
}

fn row(number: usize, item: Item) -> Row {
    let text = |value: Option<String>| value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let segments = match item.text {
        Some(text) => vec![Segment { text, media: Vec::new() }],
        None => item.segments,
    };
    Row {
        number,
        key: text(item.key),
        segments,
        accounts: item.accounts,
        scheduled_at: text(item.scheduled_at),
        time_zone: text(item.time_zone),
        title: text(item.title),
        tags: item.tags,
        campaign: text(item.campaign),
        variants: item.variants,
    }
}

fn has_nul(row: &Row) -> bool {
    let segments = row.segments.iter().chain(row.variants.iter().flat_map(|variant| &variant.segments));
    let texts = segments.flat_map(|segment| {
        let pictures = segment.media.iter().flat_map(|picture| [Some(&picture.source), picture.alt_text.as_ref()]);
        std::iter::once(Some(&segment.text)).chain(pictures)
    });
    let short = [&row.key, &row.scheduled_at, &row.time_zone, &row.title, &row.campaign];
    let all = texts.flatten().chain(short.into_iter().flatten()).chain(&row.accounts).chain(&row.tags);
    all.into_iter().any(|text| text.contains('\0'))
}

/// A row with what is told besides.
pub fn item(row: &Row, told: [String; 3]) -> Item {
    let [post_id, status, published_at] = told.map(|text| Some(text).filter(|text| !text.is_empty()));
    Item {
        key: row.key.clone(),
        text: None,
        segments: row.segments.clone(),
        accounts: row.accounts.clone(),
        scheduled_at: row.scheduled_at.clone(),
        time_zone: row.time_zone.clone(),
        title: row.title.clone(),
        tags: row.tags.clone(),
        campaign: row.campaign.clone(),
        variants: row.variants.clone(),
        post_id,
        status,
        published_at,
    }
}
