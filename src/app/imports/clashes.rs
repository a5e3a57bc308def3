//! Posts that come too close to each other on an account, days with too many, and quiet hours: warnings, since the
//! person decides. Only where an account is strict about its queue they are problems.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    app::{queue, use_case::Scope},
    clock::Timestamp,
    error::Result,
    ids::AccountId,
    model::{imports::RowIssue, queue::Rules, times},
    store::imports,
};

use super::check::Ready;

/// Posts on one account that are closer than this are named, in minutes, unless its queue asks for more.
const NEAR_MINUTES: u32 = 15;
/// More posts than this on one account and day are named, unless its queue has a limit of its own.
const DAILY_MOST: u32 = 10;
/// Whole days of every zone around the file's times.
const MARGIN_SECS: i64 = 2 * 24 * 3600;

/// What already has a time, or wants one.
#[derive(Clone, Copy)]
struct Place {
    at: Timestamp,
    /// `None`: a post that is there already.
    row: Option<usize>,
}

/// The times on one account.
struct Line {
    /// `@handle on network`.
    name: String,
    zone: TimeZone,
    rules: Rules,
    taken: Vec<Place>,
}

#[derive(Default)]
pub struct Clashes {
    pub warnings: Vec<RowIssue>,
    pub problems: Vec<RowIssue>,
}

pub async fn find(scope: &mut Scope<'_>, rows: &[Ready]) -> Result<Clashes> {
    let mut lines: BTreeMap<AccountId, Line> = BTreeMap::new();
    for row in rows {
        for target in &row.targets {
            let Some(moment) = &target.moment else { continue };
            if let Entry::Vacant(place) = lines.entry(target.account) {
                let name = format!("@{} on {}", target.handle, target.network);
                let line = Line { name, zone: times::zone(&target.zone)?, rules: Rules::default(), taken: Vec::new() };
                place.insert(line);
            }
            if let Some(line) = lines.get_mut(&target.account) {
                line.taken.push(Place { at: moment.instant, row: Some(row.number) });
            }
        }
    }
    let accounts: Vec<AccountId> = lines.keys().copied().collect();
    let times = || lines.values().flat_map(|line| &line.taken).map(|place| place.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(Clashes::default()) };
    let (from, to) = (first.plus_secs(-MARGIN_SECS), last.plus_secs(MARGIN_SECS));
    for (account, at) in imports::taken(scope.tx, scope.ctx.workspace, &accounts, from, to).await? {
        if let Some(line) = lines.get_mut(&account) {
            line.taken.push(Place { at, row: None });
        }
    }
    for (account, rules) in queue::lock(scope, &accounts).await? {
        if let Some(line) = lines.get_mut(&account) {
            line.rules = rules;
        }
    }
    let mut found = Clashes::default();
    for mut line in lines.into_values() {
        line.taken.sort_by_key(|place| (place.at, place.row));
        line.near(&mut found);
        line.crowded(&mut found);
        line.quiet(&mut found);
    }
    Ok(found)
}

impl Line {
    fn say(&self, found: &mut Clashes, row: usize, breaks_rule: bool, message: &str) {
        let issue = RowIssue::new(row, "scheduled_at", format!("{}: {message}", self.name));
        if breaks_rule && self.rules.strict { found.problems.push(issue) } else { found.warnings.push(issue) }
    }

    /// Names every row once that another place comes close to.
    fn near(&self, found: &mut Clashes) {
        let least = NEAR_MINUTES.max(self.rules.distance_minutes);
        for (earlier, later) in self.taken.iter().zip(self.taken.iter().skip(1)) {
            let apart = later.at.millis_since(earlier.at);
            let Some(row) = later.row.or(earlier.row).filter(|_| apart < i64::from(least) * 60_000) else { continue };
            let other = match (earlier.row, later.row) {
                (Some(earlier), Some(_)) => format!("row {earlier}"),
                _ => "a post that is scheduled already".to_owned(),
            };
            let message = match apart {
                0 => format!("the same time as {other}"),
                _ => format!("{} minutes from {other}", (apart + 59_999) / 60_000),
            };
            self.say(found, row, apart < i64::from(self.rules.distance_minutes) * 60_000, &message);
        }
    }

    /// Names the first row of a day that is one too many; all of them where they are refused.
    fn crowded(&self, found: &mut Clashes) {
        let most = self.rules.daily_cap.unwrap_or(DAILY_MOST);
        let refused = self.rules.strict && self.rules.daily_cap.is_some();
        let mut days: BTreeMap<Date, Vec<Place>> = BTreeMap::new();
        for place in &self.taken {
            days.entry(place.at.in_zone(&self.zone).date()).or_default().push(*place);
        }
        for (day, mut places) in days {
            // What is there already has its place.
            places.sort_by_key(|place| place.row.is_some());
            let over = places.iter().skip(most as usize).filter_map(|place| place.row);
            let message = format!("{} posts on {day}, more than {most} a day", places.len());
            for row in over.take(if refused { usize::MAX } else { 1 }) {
                self.say(found, row, refused, &message);
            }
        }
    }

    fn quiet(&self, found: &mut Clashes) {
        let Some(hours) = self.rules.quiet_hours else { return };
        // Judged by themselves: other posts have been looked at above.
        let alone = Rules { quiet_hours: Some(hours), ..Rules::default() };
        for place in &self.taken {
            let Some(row) = place.row else { continue };
            if !alone.broken(&self.zone, place.at, &[]).is_empty() {
                self.say(found, row, true, &format!("in the quiet hours {hours}"));
            }
        }
    }
}
