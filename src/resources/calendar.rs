//! `allin://calendar`, `allin://calendar/{from}/{days}`, `allin://calendar/{view}/{from}`, and that as an image.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};

use super::{contents, no_such_resource, resource, template};
use crate::{
    app::{App, calendar::get::CalendarGet, ctx::Ctx},
    error::Result,
};

const PNG: &str = "image/png";

pub fn resources() -> Vec<Resource> {
    vec![resource("calendar", "Calendar", "What goes out in the seven days from today, in local time.")]
}

pub fn templates() -> Vec<ResourceTemplate> {
    vec![
        template(
            "calendar/{from}/{days}",
            "calendar_span",
            "Calendar of a span",
            "What goes out or went out from a day on (2026-12-01), for a number of days (1 to 366).",
        ),
        template(
            "calendar/{view}/{from}",
            "calendar_view",
            "Calendar of a month, week or day",
            "What goes out or went out in the month, week or day (the view) that holds a day (2026-12-01).",
        ),
        template(
            "calendar/{view}/{from}/image",
            "calendar_image",
            "Calendar as an image",
            "The calendar of a month, week or day as PNG, for a person to look at.",
        )
        .with_mime_type(PNG),
    ]
}

pub async fn read(app: &App, ctx: &Ctx, uri: &str, parts: &[&str]) -> Result<ReadResourceResult> {
    let input = match *parts {
        [] => CalendarGet::default(),
        [from] => CalendarGet { from: Some(from.into()), ..CalendarGet::default() },
        [first, second] => match first.parse() {
            Ok(view) => CalendarGet { view: Some(view), from: Some(second.into()), ..CalendarGet::default() },
            Err(_) => {
                let days = second.parse().map_err(|_| no_such_resource())?;
                CalendarGet { from: Some(first.into()), days: Some(days), ..CalendarGet::default() }
            }
        },
        [view, from, "image"] => return image(app, ctx, uri, view, from).await,
        _ => return Err(no_such_resource()),
    };
    contents(uri, &app.call_once::<CalendarGet>(ctx, input).await?)
}

async fn image(app: &App, ctx: &Ctx, uri: &str, view: &str, from: &str) -> Result<ReadResourceResult> {
    let view = view.parse().map_err(|_| no_such_resource())?;
    let input = CalendarGet { view: Some(view), from: Some(from.into()), image: true, ..CalendarGet::default() };
    let png = app.call_once::<CalendarGet>(ctx, input).await?.png.unwrap_or_default();
    let blob = ResourceContents::blob(BASE64_STANDARD.encode(png), uri).with_mime_type(PNG);
    Ok(ReadResourceResult::new(vec![blob]))
}
