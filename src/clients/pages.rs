//! Fetches a document from an address that a person gave: public and over https as the guard says, through a few redirects,
//! each judged like the first address. What it is, others tell from its bytes.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use super::http::{Answer, Call, Http, HttpError, redirect};
use crate::error::{Error, Result, Retry};

/// Pages move, and shorteners send on.
const REDIRECTS: usize = 5;
/// From the first step to the last byte, redirects included.
const WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct FetchedPage {
    pub bytes: Bytes,
    /// As the server calls it.
    pub content_type: Option<String>,
    /// Where it was in the end.
    pub url: Url,
}

/// Fetches a page of at most so many bytes. Errors: `outbound_blocked`, `document_too_large`, `document_not_there`,
/// `document_fetch_failed`.
pub async fn fetch(http: &Http, url: &Url, max_bytes: usize) -> Result<FetchedPage> {
    fetch_within(http, url, max_bytes, WITHIN).await
}

async fn fetch_within(http: &Http, url: &Url, max_bytes: usize, within: Duration) -> Result<FetchedPage> {
    let end = Instant::now() + within;
    let mut url = url.clone();
    url.set_fragment(None);
    for _ in 0..=REDIRECTS {
        let left = end.saturating_duration_since(Instant::now());
        let call = Call::get(url.clone()).max_bytes(max_bytes).timeout(left);
        let answer = http.send(call.header("accept", ACCEPT)).await.map_err(unsent)?;
        match redirect(&url, &answer) {
            Some(next) => url = next,
            None => return fetched(answer, url),
        }
    }
    Err(failed(format!("The address sends on more than {REDIRECTS} times.")))
}

/// Some servers have a page as Markdown, too.
const ACCEPT: &str = "text/markdown, text/html;q=0.9, text/plain;q=0.9, application/pdf;q=0.9, */*;q=0.5";

fn fetched(answer: Answer, url: Url) -> Result<FetchedPage> {
    match answer.status {
        200 => {
            let content_type = answer.header("content-type").map(str::to_owned);
            Ok(FetchedPage { bytes: answer.body, content_type, url })
        }
        404 | 410 => Err(Error::not_found("document_not_there", "There is nothing at this address.")
            .next("Open it in a browser and give the address that it shows.")),
        401 | 403 => Err(failed(format!("The address answered {}: it is not open to everybody.", answer.status))),
        429 | 500..=599 => {
            Err(failed(format!("The address answered {}.", answer.status)).retry(Retry::After { seconds: 60 }))
        }
        status => Err(failed(format!("The address answered {status}."))),
    }
}

fn failed(message: String) -> Error {
    Error::invalid("document_fetch_failed", message)
        .next("Give an https address that answers with the document itself, or add the document as a file.")
}

fn unsent(error: HttpError) -> Error {
    match error {
        HttpError::Blocked(blocked) => blocked.into(),
        HttpError::TooLarge { max_bytes } => {
            Error::limit("document_too_large", format!("The document is larger than {} MiB.", max_bytes / 1024 / 1024))
                .next("Give the address of a smaller one, or of its parts.")
        }
        other => {
            let message = format!("The document did not come: {}.", other.summary());
            failed(message).retry(Retry::After { seconds: 60 })
        }
    }
}

#[cfg(test)]
mod tests;
