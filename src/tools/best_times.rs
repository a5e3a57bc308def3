//! Best times as a tool.

use std::fmt::Write as _;

use crate::{
    app::best_times::get::{BestTimes, BestTimesGet},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![on_demand::<BestTimesGet>(Face {
        name: "best_times",
        toolset: Some(Toolset::Schedule),
        title: "Best times to publish",
        description: "Tells at which hours of the week an account's posts do best, from its own figures: number of posts, how \
            much better than its mean, and the interval. With too few posts, or when no hour is surely better, it says so and \
            gives default times instead, which are marked as such and measured on nothing. Use a time with post_schedule.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for BestTimesGet {
    fn say(best: &BestTimes) -> String {
        let mut text = format!("{} ({})\n{}\n", best.account, best.time_zone, best.explanation);
        for time in &best.times {
            _ = write!(text, "{} {}: ", time.weekday, time.time);
            match (time.lift, time.lift_low, time.lift_high) {
                (Some(lift), Some(low), Some(high)) => {
                    _ = write!(text, "{lift:+.1} % ({low:+.1} to {high:+.1}), n = {}", time.n);
                }
                _ => text.push_str("default, n = 0"),
            }
            _ = writeln!(text, "; next {}", time.next_local);
        }
        text
    }
}
