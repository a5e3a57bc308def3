//! Times in words: `tomorrow 9:00`, `next monday 9am`, `in 2 hours`. What a word means depends on the present time and
//! on the zone; the answer of the call repeats the date.

use jiff::{
    Span, ToSpan as _,
    civil::{Time, Weekday},
};

use super::{Moment, at_instant, malformed, parse, resolve, short, zone};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// [`parse`], and words. `monday` is the next one whose time is still ahead, today's too; `next monday` is never today.
pub fn read(text: &str, zone_name: &str, now: Timestamp) -> Result<Moment> {
    let lower = text.trim().to_lowercase().replace(',', " ");
    let words: Vec<&str> = lower.split_whitespace().filter(|word| *word != "at").collect();
    match words.as_slice() {
        ["in", count, unit] => span(text, count, unit, zone_name, now),
        ["today", time @ ..] => on_day(text, 0, time, zone_name, now),
        ["tomorrow", time @ ..] => on_day(text, 1, time, zone_name, now),
        ["next", day, time @ ..] if weekday(day).is_some() => on_weekday(text, day, true, time, zone_name, now),
        [day, time @ ..] if weekday(day).is_some() => on_weekday(text, day, false, time, zone_name, now),
        _ => parse(text, zone_name),
    }
}

fn span(text: &str, count: &str, unit: &str, zone_name: &str, now: Timestamp) -> Result<Moment> {
    let count: i64 = match count {
        "a" | "an" | "one" => 1,
        // Longer numbers are typing errors, and nothing below overflows.
        digits if digits.len() <= 6 => digits.parse().map_err(|_| malformed(text))?,
        _ => return Err(malformed(text)),
    };
    match unit.strip_suffix('s').unwrap_or(unit) {
        "minute" | "min" => at_instant(now.plus_secs(count * 60), zone_name),
        "hour" => at_instant(now.plus_secs(count * 3600), zone_name),
        "day" => at_this_hour(count.days(), zone_name, now),
        "week" => at_this_hour((count * 7).days(), zone_name, now),
        _ => Err(malformed(text)),
    }
}

/// Days keep the wall clock's time, however long they are.
fn at_this_hour(days: Span, zone_name: &str, now: Timestamp) -> Result<Moment> {
    let local = now.in_zone(&zone(zone_name)?).datetime().checked_add(days).map_err(out_of_range)?;
    resolve(local, zone_name, 0)
}

fn on_day(text: &str, days: i64, time: &[&str], zone_name: &str, now: Timestamp) -> Result<Moment> {
    let time = time_said(text, time)?;
    let today = now.in_zone(&zone(zone_name)?).date();
    let day = today.checked_add(days.days()).map_err(out_of_range)?;
    resolve(day.to_datetime(time), zone_name, 0)
}

fn on_weekday(
    text: &str,
    day: &str,
    not_today: bool,
    time: &[&str],
    zone_name: &str,
    now: Timestamp,
) -> Result<Moment> {
    let time = time_said(text, time)?;
    let today = now.in_zone(&zone(zone_name)?).date();
    let wanted = weekday(day).ok_or_else(|| malformed(text))?;
    let ahead = today.weekday().until(wanted);
    let ahead = if ahead == 0 && not_today { 7 } else { ahead };
    let first = resolve(today.checked_add(ahead.days()).map_err(out_of_range)?.to_datetime(time), zone_name, 0)?;
    if first.instant > now {
        return Ok(first);
    }
    resolve(today.checked_add((ahead + 7).days()).map_err(out_of_range)?.to_datetime(time), zone_name, 0)
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

fn time_said(text: &str, words: &[&str]) -> Result<Time> {
    time_of_day(&words.concat()).ok_or_else(|| {
        Error::invalid("time_of_day_missing", format!("`{}` names a day but no time of day.", short(text)))
            .next("Add the time as 9:00, 17:30, 9am or noon, for example `tomorrow 9:00`.")
    })
}

/// `9:00`, `09:00:30`, `9am`, `5:30pm`, `noon`.
pub fn time_of_day(word: &str) -> Option<Time> {
    if word == "noon" {
        return Some(Time::constant(12, 0, 0, 0));
    }
    let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (word, None),
    };
    let mut parts = digits.split(':');
    let mut next = |long: bool| match parts.next() {
        Some(part)
            if (part.len() == 2 || (part.len() == 1 && !long)) && part.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            part.parse::<i8>().ok().map(Some)
        }
        Some(_) => None,
        None => Some(None),
    };
    let (hour, minute, second) = (next(false)??, next(true)?, next(true)?);
    let hour = match half {
        None if minute.is_none() => return None,
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute.unwrap_or(0), second.unwrap_or(0), 0).ok()
}

fn out_of_range(error: jiff::Error) -> Error {
    Error::invalid("time_out_of_range", "That time is outside the calendar.").because(error)
}
