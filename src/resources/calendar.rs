//! `allin://calendar`, `allin://calendar/{from}/{days}`.

use rmcp::model::{ReadResourceResult, Resource, ResourceTemplate};

use super::{contents, no_such_resource, resource, template};
use crate::{
    app::{App, calendar::get::CalendarGet, ctx::Ctx},
    error::Result,
};

pub fn resources() -> Vec<Resource> {
    vec![resource("calendar", "Calendar", "What goes out in the seven days from today, in local time.")]
}

pub fn templates() -> Vec<ResourceTemplate> {
    vec![template(
        "calendar/{from}/{days}",
        "calendar_span",
        "Calendar of a span",
        "What goes out or went out from a day on (2026-12-01), for a number of days (1 to 366).",
    )]
}

pub async fn read(
    app: &App,
    ctx: &Ctx,
    uri: &str,
    from: Option<&str>,
    days: Option<&str>,
) -> Result<ReadResourceResult> {
    let days = days.map(str::parse).transpose().map_err(|_| no_such_resource())?;
    let input = CalendarGet { from: from.map(str::to_owned), days, ..CalendarGet::default() };
    contents(uri, &app.call_once::<CalendarGet>(ctx, input).await?)
}
