//! Links to the calendar's page: signed, for one member of one workspace, for half an hour, and good for reading only.
//! Whoever has the link sees what the member may see at that moment.

use data_encoding::BASE64URL_NOPAD;

use crate::{
    app::{
        App,
        calendar::get::CalendarGet,
        ctx::{Actor, Ctx, Origin},
        use_case::Scope,
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{MemberId, WorkspaceId},
};

/// From making a link until it is over.
const VALID_SECS: i64 = 1800;

/// A link that shows what `input` asks for.
pub(super) fn make(scope: &Scope<'_>, input: &CalendarGet) -> Result<String> {
    let base = scope.app.pages_url().ok_or_else(|| {
        Error::operator("no_pages", "This process shows no pages.")
            .next("Use `allin post calendar --page` on the command line, or ask for an image.")
    })?;
    let member = scope.ctx.member().ok_or_else(|| Error::internal("only members look at pages"))?;
    let mut url = base.join("calendar").map_err(Error::internal)?;
    let key = seal(scope.app, scope.ctx.workspace, member, scope.now.plus_secs(VALID_SECS));
    url.query_pairs_mut().append_pair("key", &key).extend_pairs(pairs(input));
    Ok(url.into())
}

/// The questions of a calendar as they stand in an address.
pub fn pairs(input: &CalendarGet) -> Vec<(&'static str, String)> {
    let days = input.days.map(|days| days.to_string());
    let all = [
        ("view", input.view.map(|view| view.as_str().to_owned())),
        ("from", input.from.clone()),
        ("days", days),
        ("week_start", input.week_start.map(|start| start.as_str().to_owned())),
        ("account_id", input.account_id.map(|id| id.to_string())),
        ("network", input.network.map(|network| network.as_str().to_owned())),
        ("campaign_id", input.campaign_id.map(|id| id.to_string())),
        ("tag", input.tag.clone()),
        ("status", input.status.map(|status| status.as_str().to_owned())),
        ("time_zone", input.time_zone.clone()),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn seal(app: &App, workspace: WorkspaceId, member: MemberId, expires: Timestamp) -> String {
    let payload = format!("{workspace}.{member}.{}", expires.as_micros());
    let signature = app.vault.sign("calendar", payload.as_bytes());
    format!("{}.{}", BASE64URL_NOPAD.encode(payload.as_bytes()), BASE64URL_NOPAD.encode(&signature))
}

/// Who looks, by the key of a link; `None` when it is over or not ours. Whether the member is still there is for the gate.
pub fn open(app: &App, key: &str) -> Option<Ctx> {
    let (payload, signature) = key.split_once('.')?;
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    if !app.vault.verify("calendar", &payload, &signature) {
        return None;
    }
    let payload = String::from_utf8(payload).ok()?;
    let mut parts = payload.split('.');
    let (workspace, member) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let expires = Timestamp::from_micros(parts.next()?.parse().ok()?).ok()?;
    (expires > app.now()).then(|| Ctx {
        workspace,
        actor: Actor::Connection { member, name: "calendar page".into() },
        origin: Origin::Page,
        request: app.new_request(),
    })
}
