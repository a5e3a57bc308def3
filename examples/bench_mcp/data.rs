//! What the servers are asked about: a workspace with 2,000 posts on two accounts, and a key for it. Written past the
//! use cases, because only the reading is measured.

use allin::{
    app::{
        ctx::{Actor, Ctx, Origin},
        keys::create::KeyCreate,
    },
    boot::Booted,
    error::{Error, Result},
    ids::WorkspaceId,
};
use sqlx::PgPool;

pub const POSTS: i32 = 2_000;

/// Fills the home's workspace; returns it with a key of its owner's.
pub async fn fill(booted: &Booted, superuser: &PgPool) -> Result<(WorkspaceId, String)> {
    let owner = &booted.home_owner;
    let uuid = owner.workspace.uuid();
    sqlx::query(
        "insert into accounts (workspace_id, account_id, network, remote_id, handle, base_url, status, created_at, updated_at)
         select $1, gen_random_uuid(), 'sandbox', 'remote-' || n, 'bench' || n || '.example', 'http://127.0.0.1:9', 'connected', now(), now()
         from generate_series(1, 2) n",
    )
    .bind(uuid)
    .execute(superuser)
    .await?;
    // Every third has a title, half are public, the others are due in the days to come.
    sqlx::query(
        "with made as (
             insert into posts (workspace_id, post_id, title, status, content_hash, author_id, at, excerpt, created_at, updated_at)
             select $1, gen_random_uuid(), case when n % 3 = 0 then 'Bench post number ' || n end,
                    case when n % 2 = 0 then 'published' else 'scheduled' end, sha256(n::text::bytea), $2,
                    now() + n * interval '11 minutes',
                    'Post ' || n || ': what we have been working on this week, with one picture and three links to read.',
                    now() - (3000 - n) * interval '7 minutes', now()
             from generate_series(1, $3) n
             returning workspace_id, post_id, status, at, created_at)
         insert into targets (workspace_id, target_id, post_id, account_id, state, due_at, published_at, created_at, updated_at)
         select p.workspace_id, gen_random_uuid(), p.post_id, a.account_id, p.status, p.at,
                case when p.status = 'published' then p.at end, p.created_at, p.created_at
         from made p join accounts a using (workspace_id)",
    )
    .bind(uuid)
    .bind(owner.member.uuid())
    .bind(POSTS)
    .execute(superuser)
    .await?;
    // What the server's own housekeeping would do within a minute.
    sqlx::query("vacuum analyze").execute(superuser).await?;
    let ctx = Ctx {
        workspace: owner.workspace,
        actor: Actor::Person { member: owner.member },
        origin: Origin::CommandLine,
        request: booted.app.new_request(),
    };
    let wanted = KeyCreate { name: "bench".into(), member_id: None, expires_in_days: Some(1) };
    let made = booted.app.call_once::<KeyCreate>(&ctx, wanted).await?;
    Ok((owner.workspace, made.key.ok_or_else(|| Error::internal("the key was made before"))?))
}
