//! `allin://accounts`.

use rmcp::model::{ReadResourceResult, Resource};

use super::{contents, resource};
use crate::{
    app::{App, accounts::list::AccountList, ctx::Ctx},
    error::Result,
};

pub fn resources() -> Vec<Resource> {
    vec![resource("accounts", "Accounts", "The connected social accounts with their ids and states.")]
}

pub async fn read(app: &App, ctx: &Ctx, uri: &str) -> Result<ReadResourceResult> {
    contents(uri, &app.call_once::<AccountList>(ctx, AccountList::default()).await?)
}
