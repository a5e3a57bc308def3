//! What came of all the kills, as one line of JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::rounds::{How, Point};

/// What came of one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Once,
    /// The network accepted more than one call for it.
    Double,
    /// It is not on the network, or not known to be, or not in time.
    Lost,
    /// On the network once, but what was written down about it, before or after, is wrong.
    Muddled,
}

#[derive(Default)]
pub struct Report {
    network: &'static str,
    how: Option<How>,
    hits: BTreeMap<&'static str, Counts>,
    missed: u32,
    /// Verdicts of posts whose kill missed its point; they must be right all the same.
    beside: Counts,
    later: Vec<String>,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    kills: u32,
    once: u32,
    doubles: u32,
    lost: u32,
    muddled: u32,
}

impl Counts {
    fn add(&mut self, verdict: Verdict) {
        self.kills += 1;
        match verdict {
            Verdict::Once => self.once += 1,
            Verdict::Double => self.doubles += 1,
            Verdict::Lost => self.lost += 1,
            Verdict::Muddled => self.muddled += 1,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            kills: self.kills + other.kills,
            once: self.once + other.once,
            doubles: self.doubles + other.doubles,
            lost: self.lost + other.lost,
            muddled: self.muddled + other.muddled,
        }
    }
}

impl Report {
    pub fn new(network: &'static str, how: How) -> Self {
        Self { network, how: Some(how), ..Self::default() }
    }

    pub fn add(&mut self, point: Point, hit: bool, verdict: Verdict) {
        if hit {
            self.hits.entry(point.name()).or_default().add(verdict);
        } else {
            self.missed += 1;
            self.beside.add(verdict);
        }
    }

    pub fn missed(&self) -> u32 {
        self.missed
    }

    /// A post that was not there exactly once when everything was over.
    pub fn changed_later(&mut self, text: &str) {
        self.later.push(text.to_owned());
    }

    fn total(&self) -> Counts {
        self.hits.values().fold(Counts::default(), |sum, counts| sum.plus(*counts))
    }

    pub fn all_once(&self) -> bool {
        let all = self.total().plus(self.beside);
        all.kills > 0 && all.once == all.kills && self.later.is_empty()
    }

    /// Posts, whatever point was hit.
    pub fn line(&self) -> String {
        let all = self.total().plus(self.beside);
        let wrong = usize::try_from(all.kills - all.once).unwrap_or(usize::MAX).max(self.later.len());
        format!("{} passed, {wrong} failed", all.once)
    }

    pub fn json(&self) -> Value {
        let total = self.total();
        let by_point: BTreeMap<_, _> = self
            .hits
            .iter()
            .map(|(point, counts)| (point, json!({ "kills": counts.kills, "published_once": counts.once })))
            .collect();
        json!({
            "network": self.network,
            "how": if self.how == Some(How::Stop) { "stop" } else { "kill" },
            "kills": total.kills,
            "published_once": total.once,
            "doubles": total.doubles + self.beside.doubles,
            "lost": total.lost + self.beside.lost,
            "muddled": total.muddled + self.beside.muddled,
            "missed_the_point": self.missed,
            "not_once_at_the_end": self.later,
            "by_point": by_point,
        })
    }
}
