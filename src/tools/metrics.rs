//! Figures as a tool.

use std::fmt::Write as _;

use crate::{
    app::metrics::{
        AccountFigures,
        account::AccountSeries,
        post::{Measurements, Point, PostMetrics},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![on_demand::<PostMetrics>(Face {
        name: "post_metrics",
        toolset: Some(Toolset::Analytics),
        title: "Figures of a post or an account",
        description: "Shows how a published post is doing on each account: its newest figures with their age, engagement and \
            engagement rate, and every figure over time. With account_id and no post_id it shows how that account's own figures, \
            such as followers and posts, went. A figure without value says why: missing (the network left it out) \
            or unsupported (this server does not have it); neither means 0. Figures that are stale or final say so. \
            post_get shows the newest ones only.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for PostMetrics {
    fn say(found: &Measurements) -> String {
        if let Some(account) = &found.account {
            return say_account(account);
        }
        let post = found.post_id.map(|id| id.to_string()).unwrap_or_default();
        if found.targets.is_empty() {
            return format!("{post} is not public anywhere, so it has no figures.");
        }
        let mut text = format!("{post}\n");
        for target in &found.targets {
            _ = writeln!(text, "{}", target.latest.say());
            for series in &target.series {
                _ = writeln!(text, "  message {}, {}: {}", series.message, series.metric, course(&series.points));
            }
        }
        text
    }
}

fn say_account(account: &AccountSeries) -> String {
    let mut text = match &account.age {
        Some(age) => format!("{}, the last {} day(s), asked {age}", account.account, account.days),
        None => format!("{}: no figures yet", account.account),
    };
    if let Some(problem) = &account.problem {
        _ = write!(text, "; the last try failed: {problem}");
    }
    text.push('\n');
    for figure in &account.figures {
        _ = write!(text, "  {}: {}", figure.metric, course(&figure.points));
        if let Some(change) = figure.change {
            _ = write!(text, ", {change:+}");
        }
        text.push('\n');
    }
    text
}

/// The first, the last and how many between them.
fn course(points: &[Point]) -> String {
    let said = |point: &Point| match (point.value, point.absence) {
        (Some(value), _) => format!("{value} at {}", point.at),
        (None, Some(absence)) => format!("{} at {}", absence.as_str(), point.at),
        (None, None) => format!("nothing at {}", point.at),
    };
    match points {
        [] => "none".into(),
        [only] => said(only),
        [first, .., last] => format!("{}, {} ({} in all)", said(first), said(last), points.len()),
    }
}

/// An account's line in the overview.
pub fn account(figures: &AccountFigures) -> String {
    let AccountFigures { account, posts, engagement, reach, engagement_rate, followers, age } = figures;
    let mut text = format!("{account}: {posts} measured {}", if *posts == 1 { "post" } else { "posts" });
    _ = write!(text, ", engagement {engagement}");
    if let Some(reach) = reach {
        _ = write!(text, ", reach {reach}");
    }
    if let Some(rate) = engagement_rate {
        _ = write!(text, ", {rate:.2} %");
    }
    if let Some(followers) = followers {
        _ = write!(text, ", {followers} followers");
    }
    _ = write!(text, " ({age})");
    text
}
