//! One row: its accounts, pictures, campaign and times are looked up, and what does not fit is noted with its column.

use crate::{
    app::{
        posts::{content, create, schedule::in_the_future},
        use_case::Scope,
    },
    error::Error,
    ids::AccountId,
    model::{
        accounts::AccountStatus,
        imports::{Row, RowIssue, Segment},
        posts::{MediaRef, Message, Variant, content_hash, excerpt},
        tags,
        times::{self, Moment},
    },
    store::accounts::Account,
};

use super::{
    check::{Ready, ReadyTarget},
    desk::{Desk, pictures},
    pictures::{Source, source},
};

/// What is wrong with one row.
pub struct Issues {
    pub row: usize,
    pub problems: Vec<RowIssue>,
    pub warnings: Vec<RowIssue>,
}

impl Issues {
    fn problem(&mut self, column: impl Into<String>, message: impl Into<String>) {
        self.problems.push(RowIssue::new(self.row, column, message));
    }

    fn error(&mut self, column: &str, error: &Error) {
        self.problem(column, error.message().trim_end_matches('.'));
    }

    fn warning(&mut self, column: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(RowIssue::new(self.row, column, message));
    }

    /// Keeps a value, or notes what is wrong with it.
    fn take<T>(&mut self, column: &str, found: std::result::Result<T, String>) -> Option<T> {
        found.map_err(|message| self.problem(column, message)).ok()
    }
}

/// The row as it can be written, as far as it can; its key and hash are its caller's.
pub fn ready(
    scope: &Scope<'_>,
    desk: &Desk,
    row: &Row,
    default_zone: Option<&str>,
    issues: &mut Issues,
) -> Option<Ready> {
    if let Err(error) = create::check_title(row.title.as_deref()) {
        issues.error("title", &error);
    }
    let tags = tags::parse_all(&row.tags).map_err(|error| issues.error("tags", &error)).ok();
    let campaign = row.campaign.as_deref().and_then(|named| issues.take("campaign", desk.campaign(named)));
    let segments = messages(desk, &row.segments, issues);
    let mut accounts: Vec<Account> = Vec::new();
    for named in &row.accounts {
        accounts.extend(issues.take("accounts", desk.account(named).cloned()));
    }
    let (variants, moments) = variants(desk, row, issues);
    let ids: Vec<_> = accounts.iter().map(|account| account.account_id).collect();
    if let Err(error) = content::check_shape(&ids, &segments, &variants) {
        let missing = pictures(row).any(|picture| !desk.fetched.contains_key(&picture.source));
        // What has only a picture that is still to be fetched is no empty message.
        let details =
            error.public().details.into_iter().filter(|issue| !(missing && issue.message.contains("neither")));
        details.for_each(|issue| issues.problem(column_of(&issue.field), issue.message));
    }
    if row.scheduled_at.is_some() && accounts.is_empty() && row.accounts.is_empty() {
        issues.problem("accounts", "is empty, so the time is nobody's");
    }
    if !issues.problems.is_empty() {
        return None;
    }
    let mut targets = Vec::with_capacity(accounts.len());
    for part in content::per_account(&scope.app.networks, accounts, &desk.assets, &segments, &variants) {
        let account = &part.account;
        let own = moments.iter().find(|(id, _)| *id == account.account_id).map(|(_, at)| at.as_deref());
        let at = own.unwrap_or(row.scheduled_at.as_deref());
        let zone = row.time_zone.as_deref().or(default_zone).or(account.time_zone.as_deref()).unwrap_or(&desk.zone);
        let moment = at.and_then(|at| moment(scope, desk, account, at, zone, issues));
        for problem in part.problems {
            let column = column_of(&problem.field);
            match moment {
                Some(_) => issues.problem(column, problem.message),
                None => issues.warning(column, problem.message),
            }
        }
        targets.push(ReadyTarget {
            account: account.account_id,
            network: account.network,
            handle: account.handle.clone(),
            zone: account.time_zone.clone().unwrap_or_else(|| desk.zone.clone()),
            messages: part.messages,
            sketches: Vec::new(),
            moment,
        });
    }
    Some(Ready {
        number: row.number,
        key: String::new(),
        hash: [0; 32],
        title: row.title.clone(),
        tags: tags?,
        campaign,
        content_hash: content_hash(targets.iter().map(|target| (target.account, target.messages.as_slice()))),
        excerpt: segments.first().map(|message| excerpt(&message.text)).unwrap_or_default(),
        segments,
        variants,
        targets,
    })
}

/// The variants' messages, and the times that accounts have of their own.
type Variants = (Vec<Variant>, Vec<(AccountId, Option<String>)>);

fn variants(desk: &Desk, row: &Row, issues: &mut Issues) -> Variants {
    let (mut variants, mut moments) = (Vec::new(), Vec::new());
    for variant in &row.variants {
        let Some(account) = issues.take("variants", desk.account(&variant.account)) else { continue };
        let account_id = account.account_id;
        if !variant.segments.is_empty() {
            variants.push(Variant { account_id, segments: messages(desk, &variant.segments, issues) });
        }
        if let Some(at) = &variant.scheduled_at {
            moments.push((account_id, Some(at.clone()).filter(|at| !at.trim().is_empty())));
        }
        if !row.accounts.iter().any(|named| desk.account(named).is_ok_and(|known| known.account_id == account_id)) {
            issues.problem("variants", format!("`{}` is not among the row's accounts", variant.account));
        }
    }
    (variants, moments)
}

fn messages(desk: &Desk, segments: &[Segment], issues: &mut Issues) -> Vec<Message> {
    let mut messages = Vec::with_capacity(segments.len());
    for segment in segments {
        let mut media = Vec::new();
        for picture in &segment.media {
            let shown = picture.source.chars().take(80).collect::<String>();
            let found = match source(&picture.source) {
                Source::Asset(id) if desk.assets.contains_key(&id) => Ok(Some(id)),
                Source::Hash(hash) if desk.hashes.contains_key(&hash) => Ok(desk.hashes.get(&hash).copied()),
                Source::Asset(_) | Source::Hash(_) => Err(format!("there is no picture `{shown}` in this workspace")),
                Source::Elsewhere => match desk.fetched.get(&picture.source) {
                    None => Ok(None),
                    Some(Ok(id)) => Ok(Some(*id)),
                    Some(Err(problem)) => Err(format!("`{shown}`: {problem}")),
                },
            };
            if let Some(Some(asset_id)) = issues.take("media", found) {
                media.push(MediaRef { asset_id, alt_text: picture.alt_text.clone() });
            }
        }
        messages.push(Message { text: segment.text.clone(), media });
    }
    messages
}

fn moment(
    scope: &Scope<'_>,
    desk: &Desk,
    account: &Account,
    at: &str,
    zone: &str,
    issues: &mut Issues,
) -> Option<Moment> {
    let granted = desk.granted.as_ref().is_none_or(|granted| granted.contains(&account.account_id));
    if !desk.may_schedule {
        issues.problem("scheduled_at", "scheduling takes the role publisher: leave the time out for a draft");
    } else if !granted {
        issues.problem("accounts", format!("@{} was not granted to you", account.handle));
    } else if account.status == AccountStatus::Disconnected {
        issues.problem("accounts", format!("@{} is disconnected", account.handle));
    }
    let moment = times::parse(at, zone).and_then(|moment| in_the_future(scope.now, &moment).map(|()| moment));
    match moment {
        Ok(moment) => {
            if let Some(note) = &moment.note {
                issues.warning("scheduled_at", note.clone());
            }
            Some(moment)
        }
        Err(error) => {
            let column = if error.code() == "time_zone_unknown" { "time_zone" } else { "scheduled_at" };
            issues.error(column, &error);
            None
        }
    }
}

/// `segments[1].text` → `text_2`; what a spreadsheet has no column for stays.
pub(super) fn column_of(field: &str) -> String {
    let Some(rest) = field.strip_prefix("segments[") else { return field.to_owned() };
    let Some((index, rest)) = rest.split_once(']') else { return field.to_owned() };
    let number = index.parse::<usize>().map_or(1, |index| index + 1);
    let base = if rest.contains("alt_text") {
        "alt_text"
    } else if rest.contains("media") {
        "media"
    } else {
        "text"
    };
    if number == 1 { base.to_owned() } else { format!("{base}_{number}") }
}
