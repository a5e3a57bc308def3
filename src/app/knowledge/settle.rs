//! Waits until every document is read and has its vectors, doing the work here when nobody else does: for commands that
//! are alone with the home.

use std::time::Duration;

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::{find::model_key, product, read},
    },
    clients::embedder::Readiness,
    error::Result,
    store::{
        db::Entrance,
        knowledge::{
            documents::{self, Remaining},
            state,
        },
    },
};

/// How often it is told how far it is, and looked whether others are ready.
const EVERY: Duration = Duration::from_millis(500);

/// What is left when nothing more can be done: nothing, or what waits for a model that cannot be had.
pub async fn settle(app: &App, ctx: &Ctx, tell: impl Fn(Remaining)) -> Result<Remaining> {
    take_over(app, ctx).await?;
    loop {
        let worked = {
            let mut step = std::pin::pin!(read::step(app));
            loop {
                tokio::select! {
                    worked = &mut step => break worked?,
                    () = tokio::time::sleep(EVERY) => tell(remaining(app, ctx).await?),
                }
            }
        };
        if worked {
            continue;
        }
        let left = remaining(app, ctx).await?;
        let nothing = left.waiting == 0 && left.embedding == 0;
        if nothing || left.waiting == 0 && matches!(app.settings.embedder.readiness(), Readiness::Missing { .. }) {
            return Ok(left);
        }
        // Another process is at it.
        tell(left);
        tokio::time::sleep(EVERY).await;
    }
}

async fn take_over(app: &App, ctx: &Ctx) -> Result<()> {
    let mut tx = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?.0;
    let state = state::get(&mut tx, ctx.workspace).await?;
    tx.finish_read();
    if product::is_due(&state) {
        product::adopt(app, ctx.workspace).await?;
    }
    app.knowledge.wake(app, ctx.workspace, &state).await;
    Ok(())
}

async fn remaining(app: &App, ctx: &Ctx) -> Result<Remaining> {
    let model = app.settings.embedder.model().as_ref().map(model_key);
    let mut tx = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?.0;
    let left = documents::remaining(&mut tx, ctx.workspace, model).await?;
    tx.finish_read();
    Ok(left)
}
