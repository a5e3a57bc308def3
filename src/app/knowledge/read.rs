//! Documents that wait are read, one after the other, and then given vectors. One process at a time works for a workspace,
//! under a lease; every step is committed, so that a restart loses nothing and repeats at most one batch.

use pgvector::HalfVector;

use crate::{
    app::{
        App,
        knowledge::{
            embed,
            write::{Written, write},
        },
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
    ids::WorkspaceId,
    store::{
        db::{Entrance, Tx},
        knowledge::{
            documents::{self, Content, Document},
            due::{self, Claim},
            state,
        },
    },
};

/// How long a claim lasts without being renewed: longer than the longest file takes to be read.
const LEASE_SECS: i64 = 120;
/// After a failure that has nothing to do with a document.
const AGAIN_SECS: i64 = 60;

/// Works for one workspace until nothing is left to do for it. False when none waits.
pub async fn step(app: &App) -> Result<bool> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let claims = due::take(&mut tx, now, now.plus_secs(LEASE_SECS), 1).await?;
    tx.commit().await?;
    let Some(claim) = claims.first().copied() else { return Ok(false) };
    let again = match work(app, claim).await {
        Ok(again) => again,
        Err(error) => {
            tracing::warn!(workspace = %claim.workspace, error = error.chain(), "documents cannot be read now");
            Some(app.now().plus_secs(AGAIN_SECS))
        }
    };
    let mut tx = app.db.begin().await?;
    due::done(&mut tx, claim, again).await?;
    tx.commit().await?;
    Ok(true)
}

/// Until when the workspace has to be looked at again, if at all.
async fn work(app: &App, claim: Claim) -> Result<Option<Timestamp>> {
    while holds(app, claim).await? {
        if !read_next(app, claim.workspace).await? {
            return embed::all(app, claim).await;
        }
    }
    Ok(None)
}

/// Whether nobody else has taken the workspace over; it stays ours for a while then.
pub(super) async fn holds(app: &App, claim: Claim) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let held = due::renew(&mut tx, claim, app.now().plus_secs(LEASE_SECS)).await?;
    tx.commit().await?;
    Ok(held)
}

/// Reads the document that waits longest. False when none does.
async fn read_next(app: &App, workspace: WorkspaceId) -> Result<bool> {
    let mut tx = enter(app, workspace).await?;
    let Some(document) = documents::next(&mut tx, workspace, "waiting").await? else {
        tx.finish_read();
        return Ok(false);
    };
    let content = documents::content(&mut tx, workspace, document.document_id).await?;
    tx.finish_read();
    let Some(content) = content else {
        let missing = Error::internal("a document without content waits");
        failed(app, workspace, &document, &missing).await?;
        return Ok(true);
    };
    read_one(app, workspace, document, content).await?;
    Ok(true)
}

async fn read_one(app: &App, workspace: WorkspaceId, document: Document, content: Content) -> Result<()> {
    let Content { name, content_type, content, sha256 } = content;
    let parsed = match app.settings.parser.parse(content, &name, content_type.as_deref()).await {
        Ok(parsed) => parsed,
        // The document's fault is told with the document; the rest of what waits goes on.
        Err(error) if error.kind() != Kind::Internal => return failed(app, workspace, &document, &error).await,
        Err(error) => {
            tracing::warn!(document = %document.document_id, error = error.chain(), "a document was not read");
            return failed(app, workspace, &document, &error).await;
        }
    };
    let now = app.now();
    let mut tx = enter(app, workspace).await?;
    state::lock(&mut tx, workspace).await?;
    let current = documents::content(&mut tx, workspace, document.document_id).await?;
    let Some(mut document) = documents::get(&mut tx, workspace, document.document_id).await? else {
        return Ok(());
    };
    // Replaced while it was read: what came later is read next.
    if current.is_none_or(|current| current.sha256 != sha256) || document.state != "waiting" {
        return Ok(());
    }
    write(app, &mut tx, workspace, &mut document, Written { parsed: &parsed, content_sha256: &sha256, now }).await?;
    state::changed(&mut tx, workspace).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(())
}

async fn failed(app: &App, workspace: WorkspaceId, document: &Document, error: &Error) -> Result<()> {
    let mut tx = enter(app, workspace).await?;
    let problem = format!("{} {}", error.message(), error.public().next_step);
    let id = document.document_id;
    documents::set_failed(&mut tx, workspace, id, error.code(), problem.trim(), app.now()).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(())
}

pub(super) async fn enter(app: &App, workspace: WorkspaceId) -> Result<Tx> {
    Ok(app.db.tenant(workspace, Entrance::System, app.now()).await?.0)
}

/// Of length 1, in half precision.
pub(super) fn half(vector: &[f32]) -> HalfVector {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    HalfVector::from_f32_slice(&vector.iter().map(|value| value / length).collect::<Vec<_>>())
}
