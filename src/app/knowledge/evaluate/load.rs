//! Documents that were read already, put into a workspace as reading them would, for measuring on thousands.

use serde_json::json;

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::write::{Written, write},
    },
    error::Result,
    ids::DocumentId,
    model::{
        documents::{Language, ParsedDocument},
        knowledge::Audience,
    },
    store::{
        db::Entrance,
        knowledge::{
            documents::{self, Document},
            due, state,
        },
    },
    vault::sha256,
};

/// In one transaction. Their vectors are made by the next step of `read`.
pub async fn load(app: &App, ctx: &Ctx, parsed: &[(String, ParsedDocument)]) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.tenant(ctx.workspace, Entrance::System, now).await?.0;
    state::lock(&mut tx, ctx.workspace).await?;
    for (path, parsed) in parsed {
        let mut document = Document {
            document_id: DocumentId(app.ids.next(now)),
            source: "text".to_owned(),
            path: path.clone(),
            url: None,
            title: parsed.title.clone(),
            category: String::new(),
            audience: Audience::EVERYBODY.bits(),
            language: parsed.language.unwrap_or(Language::Other).code().to_owned(),
            given: json!({}),
            state: "waiting".to_owned(),
            notes: Vec::new(),
            problem_code: None,
            problem: None,
            content_sha256: None,
            chunks: 0,
            tokens: 0,
            added_by: ctx.member(),
            created_at: now,
            updated_at: now,
        };
        documents::insert(&mut tx, ctx.workspace, &document).await?;
        let written = Written { parsed, content_sha256: &sha256(path.as_bytes()), now };
        write(app, &mut tx, ctx.workspace, &mut document, written).await?;
    }
    state::changed(&mut tx, ctx.workspace).await?;
    due::put(&mut tx, ctx.workspace, now).await?;
    tx.commit().await
}
