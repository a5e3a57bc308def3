//! The report of a crisis as Markdown: for reading, printing and sending on.

use std::fmt::Write as _;

use super::outcome;
use crate::{
    app::crisis::{
        published::Publication,
        report::{CrisisReport, IncidentReport},
    },
    model::{crisis::Standing, prose},
    tools::registry::Spoken,
};

impl Spoken for CrisisReport {
    fn say(report: &IncidentReport) -> String {
        let mut text = head(report);
        section(&mut text, "Published since, and where it stands", &report.published, publication);
        let gone = report.published.iter().filter(|one| one.standing == Standing::Removed).count();
        let hand = report.published.iter().filter(|one| one.standing == Standing::ByHand).count();
        let under = report.published.iter().filter(|one| one.standing == Standing::BeingRemoved).count();
        _ = writeln!(
            text,
            "\n{gone} deleted, {under} being deleted, {hand} that AllIN cannot delete, {} left public.",
            report.published.len() - gone - hand - under
        );
        section(&mut text, "Under way when publishing was stopped", &report.under_way, |begun| {
            let at = utc(&begun.since_local, begun.since);
            format!("{at}: “{}” on {} ({}): {}", plain(&begun.excerpt), begun.account, begun.post_id, outcome(begun))
        });
        section(&mut text, "Held now", &report.held, |held| {
            let due = held.due_at.zip(held.due_local.as_deref());
            let due = due.map_or_else(|| "without a time".to_owned(), |(at, local)| utc(local, at));
            let (excerpt, account, post) = (plain(&held.excerpt), &held.account, held.post_id);
            format!("{due}: “{excerpt}” on {account} ({post}): {}", plain(&held.message))
        });
        section(&mut text, "Decisions since", &report.decisions, |one| {
            let comment = one.comment.as_deref().map_or_else(String::new, |comment| format!(": {}", plain(comment)));
            let (at, by, verdict) = (utc(&one.at_local, one.at), plain(&one.by), &one.verdict);
            format!("{at}: {by}, {verdict}, “{}” ({}){comment}", plain(&one.excerpt), one.post_id)
        });
        section(&mut text, "Revoked", &report.revoked, |one| {
            format!("{}, by {}: {}", utc(&one.at_local, one.at), plain(&one.by), plain(&one.what.join(", ")))
        });
        section(&mut text, "Notes", &report.notes, |note| {
            format!("{}, {}: {}", utc(&note.at_local, note.at), plain(&note.by), plain(&note.text))
        });
        // That a call was begun is told by its end.
        let told: Vec<_> = report.timeline.iter().filter(|event| event.outcome != "unknown").collect();
        section(&mut text, "Who did what", &told, |event| {
            format!("{}, {}: {}", utc(&event.at_local, event.at), plain(&event.by), plain(&event.text))
        });
        if !report.shortened.is_empty() {
            section(&mut text, "Left out", &report.shortened, Clone::clone);
        }
        text
    }
}

fn head(report: &IncidentReport) -> String {
    let incident = &report.incident;
    let mut text = format!("# Crisis: {}\n\n", plain(&incident.reason));
    let mut line = |name: &str, value: String| _ = writeln!(text, "* {name}: {value}");
    line("Workspace", plain(&report.workspace));
    line("Id", incident.id.to_string());
    let begun = utc(&incident.started_local, incident.started_at);
    line("Begun", format!("{begun}, by {}", plain(&incident.started_by)));
    line("Looks back to", utc(&incident.since_local, incident.since));
    let ended = incident.ended_at.zip(incident.ended_local.as_deref()).map(|(at, local)| utc(local, at));
    let by = incident.ended_by.as_deref().unwrap_or_default();
    line("Ended", ended.map_or_else(|| "it lasts".to_owned(), |at| format!("{at}, by {}", plain(by))));
    line("Publishing", if report.paused { "paused" } else { "goes on" }.to_owned());
    let approval = report.approval_until.map(|until| format!("required for everything until {until}"));
    line("Approval", approval.unwrap_or_else(|| "as the policies say".to_owned()));
    let made = utc(&report.made_local, report.made_at);
    line("This report", format!("{made}, for {}", plain(&report.made_by)));
    text
}

fn publication(one: &Publication) -> String {
    let mut text = format!(
        "{}: “{}” on {} ({}): {}. Asked by {}, written by {}, approved by {}.",
        utc(&one.published_local, one.published_at),
        plain(&one.excerpt),
        one.account,
        one.post_id,
        one.standing.words(),
        plain(one.asked_by.as_deref().unwrap_or("unknown")),
        plain(&one.written_by),
        if one.approved_by.is_empty() { "nobody".to_owned() } else { plain(&one.approved_by.join(", ")) }
    );
    for link in &one.links {
        _ = write!(text, " <{link}>");
    }
    if let Some((at, local)) = one.removed_at.zip(one.removed_local.as_deref()) {
        _ = write!(text, " Deleted {}.", utc(local, at));
    }
    if let Some(problem) = &one.problem {
        _ = write!(text, " {}", plain(problem));
    }
    text
}

fn section<T>(text: &mut String, title: &str, items: &[T], line: impl Fn(&T) -> String) {
    _ = writeln!(text, "\n## {title}\n");
    for item in items {
        _ = writeln!(text, "* {}", line(item));
    }
    if items.is_empty() {
        text.push_str("Nothing.\n");
    }
}

fn utc(local: &str, at: impl std::fmt::Display) -> String {
    format!("{local}, {at}")
}

/// What people wrote, on one line, so that nothing in it is taken for Markdown. Inside a word `_` means itself.
fn plain(text: &str) -> String {
    let line = prose::line(text);
    let mut out = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    let mut before = ' ';
    while let Some(c) = letters.next() {
        let inside = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '|') || (c == '_' && !inside) {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}
