//! Series of posts as tools.

use std::fmt::Write as _;

use crate::{
    app::series::{
        SeriesView,
        create::{SeriesCreate, SeriesCreated},
        end::{SeriesEnd, SeriesEnded},
        list::{AllSeries, SeriesList},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<SeriesCreate>(Face {
            name: "series_create",
            toolset: Some(Toolset::Schedule),
            title: "Repeat a post",
            description: "Makes a draft recur by an RFC 5545 rule in local time. Its content is copied; each occurrence becomes \
                a scheduled post of its own, made two weeks ahead, that can be changed or cancelled alone. The answer names \
                the first ones. To change a series, create it anew with replaces.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
        on_demand::<SeriesList>(Face {
            name: "series_list",
            toolset: Some(Toolset::Schedule),
            title: "List series",
            description: "Lists recurring posts: rule, accounts, the posts that wait, occurrences that were left out and why, \
                and what keeps a series from making its next posts.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<SeriesEnd>(Face {
            name: "series_end",
            toolset: Some(Toolset::Schedule),
            title: "End a series",
            description: "Ends a recurring post: no more are made, and those that wait are cancelled and named. What is public \
                stays; to cancel a single one use post_cancel.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for SeriesCreate {
    fn say(created: &SeriesCreated) -> String {
        let mut text = format!("{}\n{}", created.message, series(&created.series));
        for warning in &created.warnings {
            _ = writeln!(text, "Note: {warning}");
        }
        text
    }
}

impl Spoken for SeriesList {
    fn say(all: &AllSeries) -> String {
        if all.series.is_empty() {
            return "There is no series: make one of a draft with series_create.".into();
        }
        let mut text = all.series.iter().map(series).collect::<Vec<_>>().join("\n");
        if all.truncated {
            text.push_str("There are more than these.\n");
        }
        text
    }
}

impl Spoken for SeriesEnd {
    fn say(ended: &SeriesEnded) -> String {
        let mut text = format!("{}\n", ended.message);
        for post in &ended.cancelled {
            _ = writeln!(text, "  cancelled: {}  {}", post.at_local.as_deref().unwrap_or_default(), post.post_id);
        }
        for post in &ended.under_way {
            _ = writeln!(text, "  under way: {}  {}", post.at_local.as_deref().unwrap_or_default(), post.post_id);
        }
        text
    }
}

fn series(series: &SeriesView) -> String {
    let mut text = format!(
        "{} [{}] {}\n  {} from {} ({}) on {}\n",
        series.id,
        series.status.as_str(),
        series.excerpt,
        series.rule,
        series.starts,
        series.time_zone,
        series.accounts.join(" ")
    );
    if let Some(until) = &series.until {
        _ = writeln!(text, "  until {until}");
    }
    if !series.except.is_empty() {
        _ = writeln!(text, "  except {}", series.except.join(", "));
    }
    for post in &series.waiting {
        _ = writeln!(text, "  waiting: {}  {}", post.at_local.as_deref().unwrap_or_default(), post.post_id);
    }
    for reason in &series.left_out {
        _ = writeln!(text, "  left out: {reason}");
    }
    if let Some(problem) = &series.problem {
        _ = writeln!(text, "  {problem}");
    }
    text
}
