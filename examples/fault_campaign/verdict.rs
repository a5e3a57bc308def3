//! What came of every target: the network's log against what was written down.

use std::collections::{BTreeMap, HashMap};

use allin::{ids::PostId, model::sandbox::Mode};
use serde_json::{Map, Value, json};

use crate::{
    ledger::{Segment, Written},
    network::Accepted,
};

#[derive(Default)]
pub struct Verdict {
    targets: usize,
    published_once: usize,
    failed: BTreeMap<String, usize>,
    held: BTreeMap<String, usize>,
    cancelled: usize,
    /// Messages that the network made twice.
    doubles: Vec<String>,
    /// Promised and not there, or without an end.
    lost: Vec<String>,
    /// Written down otherwise than it is.
    pub wrong: Vec<String>,
    /// Calls that the network recognised as repetitions.
    repeated: u32,
    /// Calls accepted noticeably after the moment by which they had to begin: somebody slept between looking at the clock
    /// and sending.
    accepted_late: usize,
    attempts: usize,
    pub happened: BTreeMap<String, u64>,
    pub network: Value,
}

/// A call may be accepted so long after its deadline without having been begun late, in milliseconds: late calls and a
/// slow way.
const ON_THE_WAY: i64 = 1000;

impl Verdict {
    pub fn new(
        written: &[Written],
        accepted: &HashMap<String, Accepted>,
        promised: &HashMap<PostId, Vec<String>>,
        taken_back: &[PostId],
        audited: i64,
    ) -> Self {
        let mut verdict = Self { targets: written.len(), ..Self::default() };
        let known: HashMap<_, _> = written.iter().map(|target| (target.post, target)).collect();
        for (post, texts) in promised {
            if !known.contains_key(post) {
                verdict.lost.push(format!("{post} was promised and is not there: {texts:?}"));
            }
        }
        for post in taken_back {
            if known.get(post).is_none_or(|target| target.state != "cancelled") {
                verdict.wrong.push(format!("{post} was taken back and is not"));
            }
        }
        for (text, accepted) in accepted {
            verdict.repeated += accepted.repeated;
            if accepted.posts.len() > 1 {
                verdict.doubles.push(format!("{text}: {:?}", accepted.posts));
            }
        }
        let none = Accepted::default();
        for target in written {
            let found: Vec<_> =
                target.segments.iter().map(|segment| accepted.get(&segment.text).unwrap_or(&none)).collect();
            verdict.judge(target, &found);
        }
        let public =
            written.iter().flat_map(|target| &target.segments).filter(|segment| segment.remote.is_some()).count();
        if i64::try_from(public) != Ok(audited) {
            verdict.wrong.push(format!("{public} messages are public, and the audit log tells of {audited}"));
        }
        verdict
    }

    fn judge(&mut self, target: &Written, found: &[&Accepted]) {
        let name = || format!("{} {} {:?}", target.post, target.state, target.segments);
        let made = found.iter().filter(|accepted| !accepted.posts.is_empty()).count();
        for (segment, accepted) in target.segments.iter().zip(found) {
            self.attempts += segment.attempts.len();
            self.compare(target, segment, accepted);
        }
        match target.state.as_str() {
            "published" if target.queued => self.wrong.push(format!("published, and still queued: {}", name())),
            "published" if made < found.len() => self.lost.push(format!("not on the network: {}", name())),
            "published" => self.published_once += usize::from(found.iter().all(|accepted| accepted.posts.len() == 1)),
            "failed" | "held" => {
                let count = if target.state == "held" { &mut self.held } else { &mut self.failed };
                *count.entry(target.error.clone().unwrap_or_else(|| "without a reason".into())).or_default() += 1;
            }
            "cancelled" => {
                self.cancelled += 1;
                if made > 0 {
                    self.wrong.push(format!("cancelled, and public all the same: {}", name()));
                }
            }
            _ => self.lost.push(format!("without an end: {}", name())),
        }
    }

    fn compare(&mut self, target: &Written, segment: &Segment, accepted: &Accepted) {
        let Some((id, at)) = accepted.posts.first() else { return };
        if segment.remote.as_ref().is_some_and(|remote| remote != id) {
            self.wrong.push(format!("{} is {id} and not {:?}", segment.text, segment.remote));
        }
        let open = target.state == "held" && segment.attempts.iter().any(|(state, _)| state == "unknown");
        if segment.remote.is_none() && !open && target.state != "cancelled" {
            self.wrong.push(format!("{} is public and nobody knows: {target:?}", segment.text));
        }
        if target.due_at.is_some_and(|due| *at < due) {
            self.wrong.push(format!("{} went out early: {at}", segment.text));
        }
        let deadline = segment.attempts.iter().map(|(_, deadline)| *deadline).max();
        self.accepted_late += usize::from(deadline.is_some_and(|deadline| at.millis_since(deadline) > ON_THE_WAY));
    }

    /// The invariants that do not hold.
    pub fn broken(&self, mode: Mode) -> Vec<String> {
        let mut broken = Vec::new();
        for (what, which) in [("double", &self.doubles), ("lost", &self.lost), ("wrong", &self.wrong)] {
            broken.extend(which.iter().map(|one| format!("{what}: {one}")));
        }
        if self.failed.contains_key("without a reason") || self.held.contains_key("without a reason") {
            broken.push("failed or held without a reason".into());
        }
        if self.targets == 0 {
            broken.push("nothing was published at all".into());
        }
        let wanted = self.targets - self.cancelled.min(self.targets);
        if mode != Mode::Neither && (!self.held.is_empty() || self.published_once * 100 < wanted * 99) {
            broken.push(format!("{} of {wanted} published, held {:?}", self.published_once, self.held));
        }
        broken
    }

    /// What came of it, with these things beside it.
    pub fn json(&self, beside: [(&str, Value); 4]) -> Value {
        let mut by_fault: Map<_, _> =
            self.happened.iter().map(|(fault, times)| (fault.clone(), json!(times))).collect();
        by_fault.insert("network_calls".into(), self.network.clone());
        let mut report = json!({
            "targets": self.targets,
            "published_once": self.published_once,
            "failed": self.failed.values().sum::<usize>(),
            "held": self.held.values().sum::<usize>(),
            "cancelled": self.cancelled,
            "doubles": self.doubles.len(),
            "lost": self.lost.len(),
            "wrong": self.wrong.len(),
            "kills": self.happened.get("kill").copied().unwrap_or_default(),
            "attempts": self.attempts,
            "repeated_calls": self.repeated,
            "accepted_late": self.accepted_late,
            "reasons": { "failed": self.failed, "held": self.held },
            "by_fault": by_fault,
        });
        if let Some(report) = report.as_object_mut() {
            report.extend(beside.map(|(name, value)| (name.to_owned(), value)));
        }
        report
    }
}
