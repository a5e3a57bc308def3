//! Figures as a tool.

use std::fmt::Write as _;

use crate::{
    app::metrics::{
        AccountFigures,
        post::{MeasuredPost, PostMetrics, Series},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![on_demand::<PostMetrics>(Face {
        name: "post_metrics",
        toolset: Some(Toolset::Analytics),
        title: "Figures of a post",
        description: "Shows how a published post is doing on each account: its newest figures with their age, engagement and \
            engagement rate, and every figure over time. A figure without value says why: missing (the network left it out) \
            or unsupported (this server does not have it); neither means 0. Figures that are stale or final say so. \
            post_get shows the newest ones only.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for PostMetrics {
    fn say(post: &MeasuredPost) -> String {
        if post.targets.is_empty() {
            return format!("{} is not public anywhere, so it has no figures.", post.post_id);
        }
        let mut text = format!("{}\n", post.post_id);
        for target in &post.targets {
            _ = writeln!(text, "{}", target.latest.say());
            for series in &target.series {
                _ = writeln!(text, "  message {}, {}: {}", series.message, series.metric, course(series));
            }
        }
        text
    }
}

/// The first, the last and how many between them.
fn course(series: &Series) -> String {
    let said = |point: &crate::app::metrics::post::Point| match (point.value, point.absence) {
        (Some(value), _) => format!("{value} at {}", point.at),
        (None, Some(absence)) => format!("{} at {}", absence.as_str(), point.at),
        (None, None) => format!("nothing at {}", point.at),
    };
    match series.points.as_slice() {
        [] => "none".into(),
        [only] => said(only),
        [first, .., last] => format!("{}, {} ({} in all)", said(first), said(last), series.points.len()),
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
