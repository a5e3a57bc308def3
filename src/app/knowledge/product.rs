//! The product's own documents, which are in the program. A workspace takes them over when somebody first asks it
//! something, and again when a newer program has others.

use std::{collections::HashSet, sync::OnceLock};

use serde_json::json;

use crate::{
    app::{
        App,
        knowledge::write::{Written, write},
    },
    error::{Error, Result},
    ids::{DocumentId, WorkspaceId},
    model::{
        documents::{Language, ParsedDocument},
        knowledge::Audience,
    },
    store::{
        db::{Entrance, Tx},
        knowledge::{
            documents::{self, Document},
            due,
            state::{self, State},
        },
    },
    vault::sha256,
};

macro_rules! product {
    ($($path:literal),* $(,)?) => {
        /// Path and Markdown of each, as they are in `kb/`.
        pub const DOCUMENTS: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../../kb/", $path)))),*];
    };
}

product![
    "10-architecture.md",
    "20-user-guide.md",
    "40-features-and-api.md",
    "45-integrations-and-networks.md",
    "60-troubleshooting.md",
    "65-faq.md",
    "70-security-and-privacy.md",
    "80-agents-and-automation.md",
    "90-roadmap.md",
];

/// Whether the product's own documents have the word, given in small letters. They are no secret.
pub fn has_word(word: &str) -> bool {
    static WORDS: OnceLock<HashSet<String>> = OnceLock::new();
    let words = || DOCUMENTS.iter().flat_map(|(_, text)| text.split(|c: char| !c.is_alphabetic()));
    WORDS.get_or_init(|| words().map(str::to_lowercase).collect()).contains(word)
}

/// Changes when the same text would be read otherwise than before.
const READ_AS: &str = "1";

/// Over all of them.
pub fn hash() -> &'static [u8; 32] {
    static HASH: OnceLock<[u8; 32]> = OnceLock::new();
    HASH.get_or_init(|| {
        let mut all = READ_AS.to_owned();
        for (path, text) in DOCUMENTS {
            all.push_str(path);
            all.push('\0');
            all.push_str(text);
            all.push('\0');
        }
        sha256(all.as_bytes())
    })
}

/// Whether the workspace has not taken over these.
pub fn is_due(state: &State) -> bool {
    state.product_sha256.as_deref() != Some(hash())
}

/// Whether a path belongs to the product.
pub fn owns(path: &str) -> bool {
    DOCUMENTS.iter().any(|(own, _)| *own == path)
}

/// Takes the documents over: found by their words at once, by meaning when the vectors are made.
pub async fn adopt(app: &App, workspace: WorkspaceId) -> Result<()> {
    let parsed = app.knowledge.product.get_or_try_init(|| parse(app)).await?;
    let now = app.now();
    let mut tx = app.db.tenant(workspace, Entrance::System, now).await?.0;
    let state = state::lock(&mut tx, workspace).await?;
    // Somebody else did it meanwhile.
    if !is_due(&state) {
        return Ok(());
    }
    leave_out_what_is_gone(&mut tx, workspace).await?;
    for (path, parsed) in parsed {
        let mut document = match documents::by_path(&mut tx, workspace, path).await? {
            Some(document) => document,
            None => {
                let document = fresh(app, path);
                documents::insert(&mut tx, workspace, &document).await?;
                document
            }
        };
        let sha256 = sha256(DOCUMENTS.iter().find(|(own, _)| own == path).map_or("", |(_, text)| text).as_bytes());
        write(app, &mut tx, workspace, &mut document, Written { parsed, content_sha256: &sha256, now }).await?;
    }
    state::set_product(&mut tx, workspace, hash()).await?;
    state::changed(&mut tx, workspace).await?;
    due::put(&mut tx, workspace, now).await?;
    tx.commit().await?;
    app.knowledge.due.notify_one();
    Ok(())
}

async fn parse(app: &App) -> Result<Vec<(&'static str, ParsedDocument)>> {
    let reading = DOCUMENTS.iter().map(async |(path, text)| {
        let parsed = app.settings.parser.parse(text.as_bytes().to_vec(), path, Some("text/markdown")).await?;
        Ok::<_, Error>((*path, parsed))
    });
    futures::future::try_join_all(reading).await
}

async fn leave_out_what_is_gone(tx: &mut Tx, workspace: WorkspaceId) -> Result<()> {
    let listed = documents::Listed { limit: i64::MAX, ..documents::Listed::default() };
    for document in documents::list(tx, workspace, &listed).await? {
        if document.source == "product" && !owns(&document.path) {
            super::write::forget(tx, workspace, document.document_id).await?;
            documents::delete(tx, workspace, document.document_id).await?;
        }
    }
    Ok(())
}

fn fresh(app: &App, path: &str) -> Document {
    let now = app.now();
    Document {
        document_id: DocumentId(app.ids.next(now)),
        source: "product".to_owned(),
        path: path.to_owned(),
        url: None,
        title: path.to_owned(),
        category: String::new(),
        audience: Audience::EVERYBODY.bits(),
        language: Language::English.code().to_owned(),
        given: json!({}),
        state: "waiting".to_owned(),
        notes: Vec::new(),
        problem_code: None,
        problem: None,
        content_sha256: None,
        chunks: 0,
        tokens: 0,
        added_by: None,
        created_at: now,
        updated_at: now,
    }
}
