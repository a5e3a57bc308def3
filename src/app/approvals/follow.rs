//! What follows from time alone, and from what other processes wrote: a freeze that has run out asks nobody any more,
//! people are reminded of deadlines, reviewers outside get their links by mail.

use secrecy::ExposeSecret as _;

use crate::{
    app::{
        App,
        approvals::{link, refresh, tell, view::Names},
        ctx::{Actor, Ctx, Origin},
        gate::record,
        notifications::letters::{self, Letter},
        use_case::Scope,
    },
    error::Result,
    ids::WorkspaceId,
    model::{letters::LetterKind, times},
    store::{
        approvals::{
            links::{self, Link},
            requests, turns,
        },
        db::Entrance,
        installation, posts,
        tokens::{self, TokenKind},
        workspaces,
    },
    vault::sha256,
};

/// In every workspace, one short transaction each. Returns how much there was to do.
pub async fn follow(app: &App) -> Result<usize> {
    let mut after = None;
    let mut looked = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let page = installation::workspaces(&mut tx, after, 100).await?;
        tx.finish_read();
        let Some(last) = page.last() else { return Ok(looked) };
        after = Some(*last);
        for workspace in page {
            match follow_one(app, workspace).await {
                Ok(count) => looked += count,
                // The others are followed all the same.
                Err(error) => tracing::warn!(%workspace, error = error.chain(), "approvals could not be followed"),
            }
        }
    }
}

async fn follow_one(app: &App, workspace: WorkspaceId) -> Result<usize> {
    let now = app.now();
    let (mut tx, entered) = app.db.tenant(workspace, Entrance::System, now).await?;
    if !requests::any_open(&mut tx, workspace).await? {
        tx.finish_read();
        return Ok(0);
    }
    let ctx = Ctx {
        workspace,
        actor: Actor::System { job: "FollowApprovals" },
        origin: Origin::Job,
        request: app.new_request(),
    };
    let mut scope = Scope::new(app, &ctx, &mut tx, &entered, now);
    let mut done = 0;
    for post in requests::thawed(scope.tx, workspace, now).await? {
        refresh(&mut scope, Some(post)).await?;
        done += 1;
    }
    for turn in turns::due(scope.tx, workspace, now).await? {
        if let Some(request) = requests::get(scope.tx, workspace, turn.request_id).await? {
            tell::late(&mut scope, &request, (turn.policy_id, turn.ordinal), turn.overdue).await?;
            turns::told(scope.tx, workspace, &turn, now).await?;
            done += 1;
        }
    }
    if letters::possible(app) {
        done += mail_links(&mut scope).await?;
    }
    let changes = std::mem::take(&mut scope.changes);
    if done == 0 {
        return Ok(0);
    }
    if !changes.is_empty() {
        record(app, &ctx, &mut tx, now, "approvals_follow", "done", &changes.into()).await?;
    }
    tx.commit().await?;
    app.announce(workspace);
    Ok(done)
}

/// A link for every reviewer whose turn it is and who has none.
async fn mail_links(scope: &mut Scope<'_>) -> Result<usize> {
    let (workspace, now) = (scope.ctx.workspace, scope.now);
    let unlinked = links::wanted(scope.tx, workspace, now).await?;
    if unlinked.is_empty() {
        return Ok(0);
    }
    let names = Names::load(scope).await?;
    let there = workspaces::get(scope.tx, workspace).await?.map(|there| there.name).unwrap_or_default();
    for wanted in &unlinked {
        let Some(request) = requests::get(scope.tx, workspace, wanted.request_id).await? else { continue };
        let Some(post) = posts::get(scope.tx, workspace, request.post_id).await? else { continue };
        let made = Link {
            link_id: scope.new_id(),
            request_id: request.request_id,
            member_id: None,
            reviewer_id: Some(wanted.reviewer_id),
            expires_at: now.plus_secs(link::VALID_SECS),
            attempts: 0,
            used_at: None,
        };
        links::insert(scope.tx, workspace, &made, now).await?;
        let token = link::token(scope.app, workspace, made.link_id);
        let hash = sha256(token.expose_secret().as_bytes());
        tokens::add(scope.tx, TokenKind::Review, &hash, workspace, made.link_id.uuid()).await?;
        let note = request.note.as_deref().map(|note| format!("\n\n{note}")).unwrap_or_default();
        let until = times::spoken(made.expires_at, &scope.entered.time_zone);
        let letter = Letter {
            kind: LetterKind::Review,
            subject_id: made.link_id.uuid(),
            name: &wanted.name,
            address: &wanted.email,
            title: format!("For your approval: “{}” ({there})", post.excerpt),
            opening: format!(
                "Hello {},\n\n{} asks for your approval of a post.{note}\n\nLook at it and decide here:\n",
                wanted.name,
                names.actor(&request.requested_by)
            ),
            closing: format!(
                "\nThe link works once, until {until}. It is for you alone: whoever has it can decide in your name.\n"
            ),
            token: &token,
            expires_at: made.expires_at,
        };
        letters::write(scope, letter).await?;
        scope.changed("approval", request.request_id, serde_json::json!({ "mailed_to": wanted.reviewer_id }));
    }
    Ok(unlinked.len())
}
