//! `allin://notifications`, which tells its subscribers of changes.

use rmcp::model::{ReadResourceResult, Resource};

use super::{contents, resource};
use crate::{
    app::{App, ctx::Ctx, notifications::list::NotificationList},
    error::Result,
};

/// Its address, as subscribers name it.
pub const URI: &str = "allin://notifications";

pub fn resources() -> Vec<Resource> {
    vec![resource(
        "notifications",
        "Notifications",
        "What you have been told and not read yet: failed and held posts, accounts to connect again. Can be subscribed to.",
    )]
}

pub async fn read(app: &App, ctx: &Ctx, uri: &str) -> Result<ReadResourceResult> {
    contents(uri, &app.call_once::<NotificationList>(ctx, NotificationList::default()).await?)
}
