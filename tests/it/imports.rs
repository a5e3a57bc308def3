//! Files of posts: what comes in, what is refused, what goes out.

mod clashes;
mod files;
mod likeness;
mod pictures;
mod repeats;
mod trips;

use allin::{
    app::{
        ctx::Ctx,
        imports::import::{ImportReport, PostsImport},
        posts::query::PostQuery,
    },
    error::Result,
};

use crate::support::TestApp;

fn file(content: impl Into<String>) -> PostsImport {
    PostsImport { content: content.into(), dry_run: false, ..PostsImport::default() }
}

async fn import(app: &TestApp, ctx: &Ctx, content: impl Into<String>) -> Result<ImportReport> {
    app.call_once::<PostsImport>(ctx, file(content)).await
}

/// Problems and warnings as a person reads them.
fn said(issues: &[allin::model::imports::RowIssue]) -> Vec<String> {
    issues.iter().map(ToString::to_string).collect()
}

/// Title or text, status and local time of every post, oldest first.
async fn posts(app: &TestApp, ctx: &Ctx) -> Vec<String> {
    let page = app.call_once::<PostQuery>(ctx, PostQuery { limit: Some(100), ..PostQuery::default() }).await.unwrap();
    let line = |post: &allin::app::posts::query::PostLine| {
        let name = post.title.as_deref().unwrap_or(&post.excerpt);
        format!("{name} [{}] {}", post.status, post.at_local.as_deref().unwrap_or("-"))
    };
    page.posts.iter().rev().map(line).collect()
}
