//! `allin://posts/{post_id}`.

use rmcp::model::{ReadResourceResult, ResourceTemplate};

use super::{contents, no_such_resource, template};
use crate::{
    app::{App, ctx::Ctx, posts::get::PostGet},
    error::Result,
};

pub fn templates() -> Vec<ResourceTemplate> {
    vec![template("posts/{post_id}", "post", "One post", "A post with its text, accounts, times, links and problems.")]
}

pub async fn read(app: &App, ctx: &Ctx, uri: &str, id: &str) -> Result<ReadResourceResult> {
    let post_id = id.parse().map_err(|_| no_such_resource())?;
    contents(uri, &app.call_once::<PostGet>(ctx, PostGet { post_id }).await?)
}
