//! MCP resources: the same reads as the tools', by address. One file per noun; here is the table of addresses. `kb://` are
//! the documents.

mod accounts;
mod calendar;
pub mod knowledge;
mod networks;
pub mod notifications;
mod posts;

use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;

use crate::{
    app::{App, ctx::Ctx},
    error::{Error, Result},
};

/// Every address begins with it.
const SCHEME: &str = "allin://";
const MIME: &str = "application/json";
/// Most resources on a page.
const PAGE: u32 = 100;

/// Resources with a fixed address.
pub fn list() -> Vec<Resource> {
    [accounts::resources(), calendar::resources(), networks::resources(), notifications::resources()]
        .into_iter()
        .flatten()
        .collect()
}

/// Resources whose address has a part to fill in.
pub fn templates() -> Vec<ResourceTemplate> {
    [calendar::templates(), knowledge::templates(), networks::templates(), posts::templates()]
        .into_iter()
        .flatten()
        .collect()
}

/// A page of what a caller can read by address.
pub struct Page {
    pub resources: Vec<Resource>,
    pub next_cursor: Option<String>,
}

/// Those with a fixed address, then the documents that are for the caller, in pages.
pub async fn page(app: &App, ctx: &Ctx, cursor: Option<String>) -> Result<Page> {
    let mut resources = if cursor.is_none() { list() } else { Vec::new() };
    let room = PAGE.saturating_sub(u32::try_from(resources.len()).unwrap_or(PAGE)).max(1);
    let (documents, next_cursor) = knowledge::list(app, ctx, cursor, room).await?;
    resources.extend(documents);
    Ok(Page { resources, next_cursor })
}

/// Reads one address.
pub async fn read(app: &App, ctx: &Ctx, uri: &str) -> Result<ReadResourceResult> {
    if uri.starts_with(knowledge::SCHEME) {
        return knowledge::read(app, ctx, uri).await;
    }
    let path = uri.strip_prefix(SCHEME).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    match *parts.as_slice() {
        ["accounts"] => accounts::read(app, ctx, uri).await,
        ["calendar", ref rest @ ..] => calendar::read(app, ctx, uri, rest).await,
        ["networks"] => networks::read(app, ctx, uri, None).await,
        ["networks", network] => networks::read(app, ctx, uri, Some(network)).await,
        ["notifications"] => notifications::read(app, ctx, uri).await,
        ["posts", id] => posts::read(app, ctx, uri, id).await,
        _ => Err(no_such_resource()),
    }
}

fn no_such_resource() -> Error {
    Error::not_found("resource_not_found", "There is no such resource.")
        .next("resources/list and resources/templates/list show the addresses.")
}

fn resource(path: &str, title: &str, description: &str) -> Resource {
    Resource::new(format!("{SCHEME}{path}"), path).with_title(title).with_description(description).with_mime_type(MIME)
}

fn template(path: &str, name: &str, title: &str, description: &str) -> ResourceTemplate {
    ResourceTemplate::new(format!("{SCHEME}{path}"), name)
        .with_title(title)
        .with_description(description)
        .with_mime_type(MIME)
}

fn contents(uri: &str, value: &impl Serialize) -> Result<ReadResourceResult> {
    let text = serde_json::to_string(value).map_err(Error::internal)?;
    Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(MIME)]))
}
