//! Chains entries: each hash covers the one before, and the head is signed with a key that is not in the database. One
//! sealer a workspace at a time, whichever process it is in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    app::{
        App,
        audit::{head_text, heads, link},
    },
    error::Result,
    ids::WorkspaceId,
    store::{
        audit::{self, Head},
        db::Entrance,
        installation,
    },
};

/// Entries chained in one transaction.
const BATCH: i64 = 500;

/// How long a workspace is looked after once something was written: longer than the writing transaction takes.
const LINGER: Duration = Duration::from_secs(15);

/// Whose logs this process wrote to lately.
#[derive(Default)]
pub struct Unchained(Mutex<HashMap<WorkspaceId, Instant>>);

impl Unchained {
    pub fn mark(&self, workspace: WorkspaceId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace, Instant::now());
    }

    fn all(&self) -> Vec<WorkspaceId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Nothing was found there.
    fn rest(&self, workspace: WorkspaceId) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.get(&workspace).is_some_and(|since| since.elapsed() > LINGER) {
            marks.remove(&workspace);
        }
    }
}

/// Chains what this process wrote. Returns how many entries.
pub async fn seal_pending(app: &App) -> Result<usize> {
    let mut sealed = 0;
    for workspace in app.unchained.all() {
        match seal_workspace(app, workspace).await {
            Ok(0) => app.unchained.rest(workspace),
            Ok(count) => sealed += count,
            // The others' logs are chained all the same.
            Err(error) => tracing::warn!(%workspace, error = error.chain(), "an audit log could not be chained"),
        }
    }
    Ok(sealed)
}

/// Looks at every workspace: what a process wrote that was killed is chained by the next.
pub async fn mark_all(app: &App) -> Result<()> {
    let mut after = None;
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 500).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for workspace in page {
            app.unchained.mark(workspace);
        }
    }
}

/// Chains all that waits in one workspace.
pub async fn seal_workspace(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let mut sealed = 0;
    loop {
        let batch = seal(app, workspace).await?;
        sealed += batch;
        if i64::try_from(batch).unwrap_or(0) < BATCH {
            return Ok(sealed);
        }
    }
}

async fn seal(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
    let entries = match audit::try_chain(&mut tx, workspace).await? {
        true => audit::unsealed(&mut tx, workspace, BATCH).await?,
        false => Vec::new(),
    };
    if entries.is_empty() {
        tx.finish_read();
        return Ok(0);
    }
    let (mut position, mut hash) = match audit::head(&mut tx, workspace).await? {
        Some(head) => (head.position, head.chain_hash),
        None => (0, Vec::new()),
    };
    let mut places = Vec::with_capacity(entries.len());
    for entry in &entries {
        position += 1;
        let next = link(&hash, position, entry)?;
        places.push((entry.entry_id, position, next));
        hash = next.to_vec();
    }
    audit::seal(&mut tx, workspace, &places).await?;
    let signature = app.vault.attest(&head_text(workspace, position, &hash)).to_vec();
    let head = Head { position, chain_hash: hash, signature, key_id: app.vault.audit_key_id(), kept: false };
    audit::put_head(&mut tx, workspace, &head).await?;
    tx.commit().await?;
    if heads::keep(app, workspace, &head) {
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, app.now()).await?;
        audit::set_kept(&mut tx, workspace, head.position).await?;
        tx.commit().await?;
    }
    Ok(places.len())
}
