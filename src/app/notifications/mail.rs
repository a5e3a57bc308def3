//! Sends the mail that carries notifications, and letters: claimed with a lease, tried, and written down. A crash in between means
//! that a mail is sent again with the same id.

use std::fmt::Write as _;

use uuid::Uuid;

use crate::{
    app::{App, notifications::letters},
    clients::mail::{Mail, Mailer, Sent},
    clock::Timestamp,
    error::Result,
    ids::WorkspaceId,
    model::{notifications::MailState, times},
    store::{
        db::Entrance,
        letters as store_letters,
        mail::{self, Claimed, Line},
        workspaces,
    },
};

/// Mails at once in one process.
const AT_ONCE: usize = 8;
/// Longer than one try may take, in seconds.
const LEASE_SECS: i64 = 180;
/// Failed tries until a mail is given up: about six hours.
const TRIES_MAX: i32 = 10;
/// Notifications that one mail tells in full; the rest is counted.
const LINES_MOST: usize = 30;

/// Sends what is due, once. Returns how many mails were tried.
pub async fn send_due(app: &App) -> Result<usize> {
    let Some(mailer) = &app.settings.mail else { return Ok(0) };
    let now = app.now();
    let ids: Vec<Uuid> = (0..AT_ONCE).map(|_| app.ids.next(now)).collect();
    let mut tx = app.db.begin().await?;
    let claims = mail::claim(&mut tx, now, now.plus_secs(LEASE_SECS), &ids).await?;
    if claims.is_empty() {
        tx.finish_read();
        return Ok(0);
    }
    tx.commit().await?;
    let done = futures::future::join_all(claims.iter().map(|claim| send(app, mailer, claim))).await;
    done.into_iter().collect::<Result<Vec<()>>>().map(|done| done.len())
}

async fn send(app: &App, mailer: &Mailer, claim: &Claimed) -> Result<()> {
    let mail = match claim.letter {
        Some(letter) => letters::compose(app, claim, letter).await?,
        None => compose(app, claim).await?,
    };
    let mail = match mail {
        Ok(mail) => mail,
        Err(why) => return settle(app, claim, MailState::GivenUp, Some(why)).await,
    };
    match mailer.send(&mail).await {
        Sent::Taken => settle(app, claim, MailState::Sent, None).await,
        Sent::NotNow(why) if claim.tries + 1 < TRIES_MAX => {
            tracing::warn!(mail = %claim.mail, why, "a mail could not be sent yet");
            let mut tx = app.db.begin().await?;
            mail::later(&mut tx, claim, app.now().plus_secs(pause_secs(claim.tries))).await?;
            tx.commit().await
        }
        Sent::NotNow(why) | Sent::Never(why) => {
            tracing::error!(mail = %claim.mail, why, "a mail was given up");
            settle(app, claim, MailState::GivenUp, Some(&why)).await
        }
    }
}

/// The mail that carries notifications, or why there is none to send.
async fn compose(app: &App, claim: &Claimed) -> Result<std::result::Result<Mail, &'static str>> {
    let (mut tx, entered) = app.db.tenant(claim.workspace, Entrance::System, app.now()).await?;
    let addressee = mail::addressee(&mut tx, claim.workspace, claim.member).await?;
    let most = i64::try_from(LINES_MOST).unwrap_or(i64::MAX);
    let lines = mail::lines(&mut tx, claim.workspace, &claim.notifications, most).await?;
    let workspace = workspaces::get(&mut tx, claim.workspace).await?;
    tx.finish_read();
    let (Some((name, address)), Some(workspace), false) = (addressee, workspace, lines.is_empty()) else {
        return Ok(Err("the member has no address any more"));
    };
    let count = claim.notifications.len();
    Ok(Ok(Mail {
        id: claim.mail.to_string(),
        subject: subject(&workspace.name, &lines, count),
        body: body(&name, &workspace.name, &entered.time_zone, &lines, count),
        name,
        address,
        at: lines.first().map_or_else(|| app.now(), |line| line.created_at),
    }))
}

/// One, two, four … minutes, at most two hours.
fn pause_secs(tries: i32) -> i64 {
    60_i64.saturating_mul(1 << tries.clamp(0, 7)).min(7200)
}

async fn settle(app: &App, claim: &Claimed, state: MailState, problem: Option<&str>) -> Result<()> {
    let (mut tx, _) = app.db.tenant(claim.workspace, Entrance::System, app.now()).await?;
    match claim.letter {
        Some(letter) => store_letters::end(&mut tx, claim.workspace, &[letter.uuid()], state, problem).await?,
        None => mail::mark(&mut tx, claim.workspace, &claim.notifications, state, problem).await?,
    }
    mail::remove(&mut tx, claim).await?;
    tx.commit().await
}

fn subject(workspace: &str, lines: &[Line], count: usize) -> String {
    match (lines, count) {
        ([only], 1) => format!("{} ({workspace})", only.title),
        _ => format!("{count} things need a look ({workspace})"),
    }
}

fn body(name: &str, workspace: &str, zone: &str, lines: &[Line], count: usize) -> String {
    let mut text = format!("Hello {name},\n\nthis happened in the workspace {workspace}:\n");
    for line in lines {
        let at = times::spoken(line.created_at, zone);
        _ = write!(text, "\n* {}\n  {at}\n  {}\n  Next: {}\n", line.title, line.cause, line.next_step);
    }
    if count > lines.len() {
        _ = write!(text, "\nAnd {} more.\n", count - lines.len());
    }
    text.push_str(
        "\nAll of it: `allin notification list`, or the resource allin://notifications in an MCP client.\n\
         Less mail: `allin notification mail off`.\n",
    );
    text
}

/// What was queued too long ago: no process here sends mail.
pub async fn give_up_stale(app: &App, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
    let why = "no process with ALLIN_SMTP_URL sent it within a day";
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    mail::give_up_before(&mut tx, workspace, now.plus_secs(-24 * 3600), why).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> Line {
        Line {
            title: format!("“Post {number}” was not published on @bakery on Sandbox"),
            cause: "sandbox said: the text is too long".into(),
            next_step: "Change the post with post_update, then schedule it again.".into(),
            created_at: "2026-12-01T08:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn one_thing_is_the_subject_and_many_are_counted() {
        assert_eq!(subject("Bakery", &[line(1)], 1), "“Post 1” was not published on @bakery on Sandbox (Bakery)");
        assert_eq!(subject("Bakery", &[line(1), line(2)], 2), "2 things need a look (Bakery)");
    }

    #[test]
    fn a_mail_says_what_happened_why_and_what_next() {
        insta::assert_snapshot!(body("Anna", "Bakery", "Europe/Berlin", &[line(1), line(2)], 500));
    }

    #[test]
    fn pauses_grow_to_two_hours_and_last_six_hours() {
        let pauses: Vec<_> = (0..TRIES_MAX - 1).map(pause_secs).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3840, 7200, 7200]);
    }
}
