//! Where a document comes from: text at hand, a page on the web, a file on this machine.

use url::Url;

use crate::{
    app::{App, assets::read_local, ctx::Origin, use_case::Scope},
    clients::pages,
    documents::FILE_MAX,
    error::{Actor, Error, Result},
    model::prose,
};

/// Bytes; the reader refuses larger files, too.
const BYTES_MAX: u64 = FILE_MAX as u64;

pub enum Source {
    Text(String),
    /// With a name that tells the kind, as far as one does.
    Bytes(Vec<u8>, String),
    Url(Url),
    File(String),
}

/// Bytes and what is known of them.
pub struct Fetched {
    pub source: &'static str,
    pub bytes: Vec<u8>,
    /// File name, for finding out its kind.
    pub name: String,
    pub content_type: Option<String>,
    pub url: Option<String>,
}

impl Fetched {
    /// What citations name when nobody chose.
    pub fn path_of(&self, title: Option<&str>) -> String {
        match (&self.url, title) {
            (Some(url), _) => url.trim_start_matches("https://").trim_end_matches('/').to_owned(),
            (None, Some(title)) if self.source == "text" => format!("{}.md", slug(title)),
            (None, _) => self.name.clone(),
        }
    }
}

fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.join("-").chars().take(80).collect()
}

/// A path as citations name it: relative, without dots that lead elsewhere.
pub fn path(text: &str) -> Result<String> {
    let text = prose::line(text).replace('\\', "/");
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    if path.is_empty() || path.chars().count() > 300 || parts.contains(&"..") || path.starts_with("doc_") {
        return Err(Error::invalid("document_path", "This is no path for a document.")
            .next("Give a name such as handbook/returns.md: up to 300 characters, no `..`.")
            .field("path", "such as handbook/returns.md"));
    }
    Ok(path)
}

pub fn url(scope: &Scope<'_>, text: &str) -> Result<Source> {
    let url: Url = text.trim().parse().map_err(|error: url::ParseError| {
        Error::invalid("url_malformed", "That is no web address.").field("url", "https://…").because(error)
    })?;
    scope.app.http.check(&url)?;
    Ok(Source::Url(url))
}

pub fn file(scope: &Scope<'_>, file: String) -> Result<Source> {
    if !matches!(scope.ctx.origin, Origin::Stdio | Origin::CommandLine) {
        return Err(Error::forbidden("path_needs_local_client", "A path means nothing over HTTP.")
            .who(Actor::Caller)
            .next("Give the text, the bytes as data, or a url.")
            .field("file", "only for clients on the same machine"));
    }
    Ok(Source::File(file))
}

pub async fn fetch(app: &App, source: Source) -> Result<Fetched> {
    let fetched = match source {
        Source::Text(text) => Fetched {
            source: "text",
            bytes: text.into_bytes(),
            name: "document.md".to_owned(),
            content_type: Some("text/markdown; charset=utf-8".to_owned()),
            url: None,
        },
        Source::Bytes(bytes, name) => Fetched { source: "file", bytes, name, content_type: None, url: None },
        Source::Url(url) => {
            let page = pages::fetch(&app.http, &url, FILE_MAX).await?;
            let last = page.url.path_segments().and_then(|mut parts| parts.next_back()).filter(|name| !name.is_empty());
            Fetched {
                source: "url",
                name: last.unwrap_or("page.html").chars().take(200).collect(),
                bytes: page.bytes.to_vec(),
                content_type: page.content_type,
                url: Some(url.to_string()),
            }
        }
        Source::File(file) => {
            let allowed = app.settings.media_dirs.clone();
            let name = std::path::Path::new(&file).file_name().map(|name| name.to_string_lossy().into_owned());
            let read =
                tokio::task::spawn_blocking(move || read_local(std::path::Path::new(&file), &allowed, BYTES_MAX));
            Fetched {
                source: "file",
                bytes: read.await.map_err(Error::internal)??,
                name: name.unwrap_or_else(|| "document".to_owned()).chars().take(200).collect(),
                content_type: None,
                url: None,
            }
        }
    };
    if fetched.bytes.is_empty() {
        return Err(Error::invalid("document_empty", "The document is empty.").next("Add one that says something."));
    }
    Ok(fetched)
}
