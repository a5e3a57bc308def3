//! The best hours of the week to publish, found in an account's own figures where there are enough, and a stated default
//! where there are not. Pure: posts in, findings out.
//!
//! Posts are compared by the logarithm of their first day's engagement, which many small and few very large numbers
//! need. The difference of an hour from the account's mean is shrunk towards nothing by what the hours differ at all
//! (empirical Bayes, one-way layout), and its interval holds for all compared hours together (Bonferroni on Student's
//! t): looking at 20 hours must not make one of them look good.

use jiff::{ToSpan, civil::Weekday, tz::TimeZone};

use super::statistics::{count, mean, squares, t_quantile};
use crate::clock::Timestamp;

/// Fewer measured posts say nothing.
pub const POSTS_NEEDED: usize = 30;
/// Fewer posts in an hour of the week are not compared.
pub const PER_HOUR_NEEDED: usize = 3;
/// Older posts tell of another audience, in days.
pub const LOOK_BACK_DAYS: i64 = 180;
/// All intervals of one answer hold together with this probability.
const CONFIDENCE: f64 = 0.95;

/// An hour of the week in local time, Monday 0:00 first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourOfWeek(u8);

impl HourOfWeek {
    pub fn new(weekday: Weekday, hour: u8) -> Self {
        Self((weekday.to_monday_zero_offset().unsigned_abs() * 24 + hour % 24) % 168)
    }

    pub fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        let local = instant.in_zone(zone);
        Self::new(local.weekday(), local.hour().unsigned_abs())
    }

    pub fn weekday(self) -> Weekday {
        let day = i8::try_from(self.0 / 24).unwrap_or(0);
        Weekday::from_monday_zero_offset(day).unwrap_or(Weekday::Monday)
    }

    /// 0 to 23.
    pub fn hour(self) -> u8 {
        self.0 % 24
    }

    /// The first instant after `after` at which this hour begins. An hour that the clocks skip begins when they are
    /// past the gap; one that comes twice, with the first.
    pub fn next_after(self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = after.in_zone(zone).date();
        let hour = i8::try_from(self.hour()).ok()?;
        let coming = (0..=14).filter_map(|days| today.checked_add(days.days()).ok());
        let begins = coming
            .filter(|date| date.weekday() == self.weekday())
            .filter_map(|date| zone.to_ambiguous_zoned(date.at(hour, 0, 0, 0)).compatible().ok());
        begins.map(|zoned| Timestamp::new(zoned.timestamp())).find(|instant| *instant > after)
    }
}

/// What one post tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    pub hour: HourOfWeek,
    /// Of the first day.
    pub engagement: i64,
}

/// An hour compared with the account's mean: by how much, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    pub hour: HourOfWeek,
    pub posts: usize,
    pub lift: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Fewer posts than [`POSTS_NEEDED`], or not two hours with [`PER_HOUR_NEEDED`] each.
    TooFew,
    /// Enough posts, and no hour is surely better than the mean.
    NoDifference,
    /// Surely better than the mean, best first.
    Better(Vec<Compared>),
}

/// Compares the hours of the week; the order of the posts does not matter.
pub fn find(posts: &[Observation]) -> Finding {
    let groups = groups(posts);
    if posts.len() < POSTS_NEEDED || groups.len() < 2 {
        return Finding::TooFew;
    }
    let all: Vec<f64> = groups.iter().flat_map(|(_, values)| values.iter().copied()).collect();
    let freedom = count(&all) - count(&groups);
    let middle = mean(&all);
    let within = groups.iter().map(|(_, values)| squares(values)).sum::<f64>() / freedom;
    let between = between(&groups, middle, within);
    // How many posts' worth the mean counts against an hour's own posts.
    let weight = if between > 0.0 { within / between } else { f64::INFINITY };
    if weight.is_infinite() {
        return Finding::NoDifference;
    }
    let reach = t_quantile(1.0 - (1.0 - CONFIDENCE) / (2.0 * count(&groups)), freedom);
    let mut better: Vec<Compared> = groups
        .iter()
        .map(|(hour, values)| {
            let own = count(values);
            let shrunk = (mean(values) - middle) * own / (own + weight);
            let margin = reach * (within / (own + weight)).sqrt();
            let percent = |difference: f64| (difference.exp() - 1.0) * 100.0;
            Compared {
                hour: *hour,
                posts: values.len(),
                lift: percent(shrunk),
                low: percent(shrunk - margin),
                high: percent(shrunk + margin),
            }
        })
        .filter(|compared| compared.low > 0.0)
        .collect();
    better.sort_by(|a, b| b.lift.total_cmp(&a.lift).then(a.hour.cmp(&b.hour)));
    if better.is_empty() { Finding::NoDifference } else { Finding::Better(better) }
}

/// The hours that have enough posts, with the logarithms of their engagement.
fn groups(posts: &[Observation]) -> Vec<(HourOfWeek, Vec<f64>)> {
    let mut groups: std::collections::BTreeMap<HourOfWeek, Vec<f64>> = std::collections::BTreeMap::new();
    for post in posts {
        groups.entry(post.hour).or_default().push((post.engagement.max(0) as f64).ln_1p());
    }
    for values in groups.values_mut() {
        // Sums of floating numbers depend on their order, if ever so little.
        values.sort_by(f64::total_cmp);
    }
    groups.into_iter().filter(|(_, values)| values.len() >= PER_HOUR_NEEDED).collect()
}

/// The variance of the hours' true means by the method of moments: what the hours differ beyond the posts' own scatter.
fn between(groups: &[(HourOfWeek, Vec<f64>)], middle: f64, within: f64) -> f64 {
    let total: f64 = groups.iter().map(|(_, values)| count(values)).sum();
    let squared: f64 = groups.iter().map(|(_, values)| count(values).powi(2)).sum();
    let hours = count(groups) - 1.0;
    let observed =
        groups.iter().map(|(_, values)| count(values) * (mean(values) - middle).powi(2)).sum::<f64>() / hours;
    let typical = (total - squared / total) / hours;
    let between = (observed - within) / typical;
    // Below this it is the rounding of sums of equal numbers.
    if between > 1e-12 { between } else { 0.0 }
}

/// Where the default times come from; told with every one of them.
pub const DEFAULT_SOURCE: &str = "AllIN's own starting points by kind of network, not measured on anybody's posts";

/// Times to begin with, best first, for a network that nothing is known about yet. Chosen by us: weekdays at the start
/// of work and at noon where people read at work, evenings where they watch at home. n = 0.
pub fn default_times(network: &str) -> Vec<HourOfWeek> {
    use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let times: &[(Weekday, u8)] = match network {
        "linkedin" => &[(Tuesday, 9), (Wednesday, 9), (Thursday, 9), (Tuesday, 12), (Wednesday, 12)],
        "instagram" | "facebook" | "threads" => {
            &[(Wednesday, 12), (Tuesday, 19), (Thursday, 19), (Monday, 12), (Friday, 12)]
        }
        "tiktok" | "youtube" => &[(Friday, 18), (Saturday, 11), (Thursday, 19), (Sunday, 17), (Tuesday, 19)],
        "pinterest" => &[(Saturday, 20), (Sunday, 20), (Friday, 20), (Tuesday, 20), (Thursday, 20)],
        _ => &[(Tuesday, 9), (Wednesday, 12), (Thursday, 9), (Monday, 12), (Friday, 9)],
    };
    times.iter().map(|(weekday, hour)| HourOfWeek::new(*weekday, *hour)).collect()
}

#[cfg(test)]
mod tests;
