//! Recurrence after RFC 5545. The library expands a rule in bare local time; what a local time means in a zone is
//! decided by `times`, as everywhere else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use rrule::RRuleSet;

use crate::{
    error::{Error, Result},
    model::times::{self, Moment},
};

const PARTS: [&str; 13] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTH",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYSETPOS",
    "BYHOUR",
    "BYMINUTE",
    "WKST",
];
/// Times on one day that a rule may name.
const TIMES_A_DAY: usize = 24;

/// A rule that was read: when something comes again, in local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// Without its end.
    pub rule: String,
    pub starts: DateTime,
    /// The last local time that counts.
    pub until: Option<DateTime>,
    /// Local days without an occurrence.
    pub except: BTreeSet<Date>,
    pub zone: String,
}

/// One time that the rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// As the rule says; names the occurrence for good, whatever becomes of the zone.
    pub local: DateTime,
    pub moment: Moment,
    /// The one before it fell on the same instant, because the clocks skip an hour.
    pub coincides: bool,
}

impl Recurrence {
    /// Reads a rule. Its own `UNTIL` is taken out of it and becomes `until`.
    pub fn read(
        rule: &str,
        starts: DateTime,
        until: Option<DateTime>,
        except: BTreeSet<Date>,
        zone: &str,
    ) -> Result<Self> {
        let mut parts = parts(rule)?;
        let own_end = parts.remove("UNTIL").map(|text| end(&text, &times::zone(zone)?)).transpose()?;
        let ends =
            usize::from(own_end.is_some()) + usize::from(until.is_some()) + usize::from(parts.contains_key("COUNT"));
        if ends > 1 {
            return Err(malformed("has more than one end: COUNT, UNTIL and until exclude each other"));
        }
        check(&parts)?;
        let rule = PARTS
            .iter()
            .filter_map(|name| parts.get(*name).map(|value| format!("{name}={value}")))
            .collect::<Vec<_>>()
            .join(";");
        let recurrence = Self { rule, starts, until: until.or(own_end), except, zone: zone.to_owned() };
        recurrence.expanded()?;
        Ok(recurrence)
    }

    /// The occurrences after the local time `after` (`None`: all), in order.
    pub fn after(&self, after: Option<DateTime>) -> Result<impl Iterator<Item = Result<Occurrence>>> {
        let mut last = None;
        // The iterator has all it needs of the set.
        let found = (&self.expanded()?).into_iter();
        Ok(found
            .map_while(|at| jiff::Timestamp::from_second(at.timestamp()).ok())
            .map(|bare| bare.to_zoned(TimeZone::UTC).datetime())
            .filter(|local| !self.except.contains(&local.date()))
            .map(move |local| {
                let moment = times::resolve(local, &self.zone, 0)?;
                let coincides = last.replace(moment.instant) == Some(moment.instant);
                Ok(Occurrence { local, moment, coincides })
            })
            .skip_while(move |found| match (found, after) {
                (Ok(occurrence), Some(after)) => occurrence.local <= after,
                _ => false,
            }))
    }

    fn expanded(&self) -> Result<RRuleSet> {
        let bare = |time: DateTime| time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let end = self.until.map(|until| format!(";UNTIL={}", bare(until))).unwrap_or_default();
        let text = format!("DTSTART:{}\nRRULE:{}{end}", bare(self.starts), self.rule);
        let set: RRuleSet = text.parse().map_err(|error: rrule::RRuleError| {
            malformed(&format!("cannot be read: {}", error.to_string().chars().take(200).collect::<String>()))
                .because(error)
        })?;
        // Gives up on a rule that never comes true.
        Ok(set.limit())
    }
}

/// `NAME=value` parts by name, in capitals.
fn parts(rule: &str) -> Result<BTreeMap<String, String>> {
    let rule = rule.trim().to_ascii_uppercase();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(&rule);
    if rule.len() > 500 || !rule.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=;,+-".contains(&byte)) {
        return Err(malformed("is longer than 500 characters or has characters that no rule has"));
    }
    let mut parts = BTreeMap::new();
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| malformed(&format!("has `{part}` without a value")))?;
        if !PARTS.contains(&name) {
            return Err(malformed(&format!("has the part {name}; allowed are {}", PARTS.join(", "))));
        }
        if parts.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(malformed(&format!("names {name} twice")));
        }
    }
    Ok(parts)
}

/// What the library would allow and a series of posts does not.
fn check(parts: &BTreeMap<String, String>) -> Result<()> {
    let value = |name: &str| parts.get(name).map_or("", String::as_str);
    if !["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].contains(&value("FREQ")) {
        return Err(malformed("needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY; several times a day are BYHOUR=9,17"));
    }
    for (name, most) in [("INTERVAL", 1000), ("COUNT", 10_000)] {
        let given = parts.get(name).map(|text| text.parse::<u32>().unwrap_or(0));
        if given.is_some_and(|number| !(1..=most).contains(&number)) {
            return Err(malformed(&format!("needs {name} between 1 and {most}")));
        }
    }
    let times = |name: &str| value(name).split(',').count();
    if times("BYHOUR") * times("BYMINUTE") > TIMES_A_DAY {
        return Err(malformed(&format!("names more than {TIMES_A_DAY} times a day")));
    }
    Ok(())
}

/// The value of `UNTIL`: a day means its end, an instant is put into the zone.
fn end(text: &str, zone: &TimeZone) -> Result<DateTime> {
    let wrong =
        |error: jiff::Error| malformed("has an UNTIL that is neither 20271231 nor 20271231T090000").because(error);
    if let Some(instant) = text.strip_suffix('Z') {
        let bare: DateTime = instant.parse().map_err(wrong)?;
        let instant = bare.to_zoned(TimeZone::UTC).map_err(wrong)?;
        return Ok(instant.with_time_zone(zone.clone()).datetime());
    }
    last_of(text).map_err(wrong)
}

/// A local time, or the end of a local day.
pub fn last_of(text: &str) -> std::result::Result<DateTime, jiff::Error> {
    let time: DateTime = text.trim().parse()?;
    let day_only = !text.contains(['T', 't', ' ', ':']);
    Ok(if day_only { time.date().to_datetime(Time::constant(23, 59, 59, 0)) } else { time })
}

fn malformed(why: &str) -> Error {
    Error::invalid("rule_malformed", format!("The rule {why}."))
        .next("Write it after RFC 5545, for example FREQ=WEEKLY;BYDAY=MO,TH or FREQ=MONTHLY;BYMONTHDAY=1;COUNT=6.")
        .field("rule", why)
}

#[cfg(test)]
mod tests;
