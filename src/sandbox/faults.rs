//! Faults that the sandbox commits on request: which calls, how often, and what happens to them. Knows no HTTP.

use serde::{Deserialize, Serialize};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Never answered, and never accepted.
    Hang,
    /// The connection breaks, and nothing is accepted.
    Reset,
    /// 500, and nothing is accepted.
    Error,
    /// Accepted, and never answered.
    AcceptThenHang,
    /// Accepted, and the connection breaks.
    AcceptThenReset,
    /// Accepted, and answered with 500 all the same.
    AcceptThenError,
    /// 429 with `RateLimit-*` and `Retry-After`.
    TooMany,
    /// Accepted at once, and answered after `millis`.
    Slow,
    /// Accepted after `millis`, even when the caller has given up by then.
    Late,
    /// 409: the same content is there already. Nothing is accepted.
    Duplicate,
    /// The account's tokens end, and the call is refused for it.
    TokenExpired,
}

/// Which calls a fault is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// Those that make a post public.
    #[default]
    Publish,
    /// Uploads before.
    Prepare,
    /// Those that find out what is there.
    LookUp,
    /// Those that change or delete a post.
    Change,
    /// Those that find out whether the token is good.
    Check,
}

/// A fault as it is ordered. Without `times` and `chance` it happens to the next call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub fault: Fault,
    #[serde(default)]
    pub calls: Calls,
    /// Id or handle; nothing for all.
    #[serde(default)]
    pub account: Option<String>,
    /// To so many calls at most.
    #[serde(default)]
    pub times: Option<u32>,
    /// With this probability, from 0 to 1.
    #[serde(default)]
    pub chance: Option<f64>,
    /// What the dice begin with: the same seed gives the same faults in the same order of calls.
    #[serde(default = "one")]
    pub seed: u64,
    /// Of a slow or late answer.
    #[serde(default)]
    pub millis: u64,
    /// Of a 429.
    #[serde(default = "one")]
    pub retry_after_secs: u64,
}

const fn one() -> u64 {
    1
}

/// A fault that is in force.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    pub id: u64,
    #[serde(flatten)]
    pub order: Order,
    /// How many calls it has happened to.
    pub happened: u64,
    #[serde(skip)]
    dice: u64,
}

/// Everything that is in force, oldest first. The first that fits a call happens to it.
#[derive(Default)]
pub struct Faults {
    standing: Vec<Standing>,
    last_id: u64,
}

impl Faults {
    pub fn order(&mut self, mut order: Order) -> Standing {
        if order.times.is_none() && order.chance.is_none() {
            order.times = Some(1);
        }
        self.last_id += 1;
        let dice = order.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let standing = Standing { id: self.last_id, order, happened: 0, dice };
        self.standing.push(standing.clone());
        standing
    }

    pub fn list(&self) -> &[Standing] {
        &self.standing
    }

    /// Whether there was one with this id.
    pub fn lift(&mut self, id: u64) -> bool {
        let before = self.standing.len();
        self.standing.retain(|standing| standing.id != id);
        self.standing.len() < before
    }

    pub fn clear(&mut self) {
        self.standing.clear();
    }

    /// What happens to this call, if anything. `account` holds the names that the account goes by.
    pub fn pick(&mut self, calls: Calls, account: &[&str]) -> Option<Order> {
        for standing in &mut self.standing {
            if standing.fits(calls, account) {
                standing.happened += 1;
                return Some(standing.order.clone());
            }
        }
        None
    }
}

impl Standing {
    fn fits(&mut self, calls: Calls, account: &[&str]) -> bool {
        let meant = self.order.calls == calls
            && self.order.account.as_deref().is_none_or(|wanted| account.contains(&wanted.trim_start_matches('@')))
            && self.order.times.is_none_or(|times| self.happened < u64::from(times));
        meant && self.order.chance.is_none_or(|chance| self.throw() < chance)
    }

    /// From 0 to 1, without 1 (xorshift64*).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn throw(&mut self) -> f64 {
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        (self.dice.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: serde_json::Value) -> Order {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_next_call_of_the_account_and_no_other() {
        let mut faults = Faults::default();
        faults.order(order(serde_json::json!({ "fault": "error", "account": "@alice" })));
        assert!(faults.pick(Calls::Publish, &["acct-2", "bob"]).is_none());
        assert!(faults.pick(Calls::LookUp, &["acct-1", "alice"]).is_none());
        assert_eq!(faults.pick(Calls::Publish, &["acct-1", "alice"]).unwrap().fault, Fault::Error);
        assert!(faults.pick(Calls::Publish, &["acct-1", "alice"]).is_none(), "once");
        assert_eq!(faults.list()[0].happened, 1);
        assert!(faults.lift(1) && !faults.lift(1));
    }

    #[test]
    fn a_seed_gives_the_same_faults_again_and_about_as_many_as_asked_for() {
        let thrown = |seed: u64| {
            let mut faults = Faults::default();
            faults.order(order(serde_json::json!({ "fault": "slow", "chance": 0.25, "seed": seed, "millis": 5 })));
            (0..2000).map(|_| faults.pick(Calls::Publish, &[]).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(thrown(7), thrown(7));
        assert_ne!(thrown(7), thrown(8));
        let hits = thrown(7).into_iter().filter(|hit| *hit).count();
        assert!((400..600).contains(&hits), "{hits}");
    }
}
