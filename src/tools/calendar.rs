//! The calendar as a tool.

use std::fmt::Write as _;

use crate::{
    app::calendar::get::{Calendar, CalendarGet},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<CalendarGet>(Face {
        name: "calendar_get",
        toolset: Some(Toolset::Schedule),
        title: "Show the calendar",
        description: "Shows what goes out or went out day by day, in local time: time, account, text, status and post id. \
            Defaults to seven days from today; from and days choose another span, up to a year. Use it to find gaps and \
            clashes before scheduling; post_query searches by text or status.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for CalendarGet {
    fn say(calendar: &Calendar) -> String {
        let mut text = format!("{} to {} ({})\n", calendar.from, calendar.to, calendar.time_zone);
        if calendar.days.is_empty() {
            text.push_str("Nothing is planned.\n");
        }
        for day in &calendar.days {
            _ = writeln!(text, "{} {}", day.weekday, day.date);
            for entry in &day.entries {
                _ = writeln!(
                    text,
                    "  {}  {}  {}  [{}]  {}",
                    entry.time, entry.account, entry.excerpt, entry.status, entry.post_id
                );
            }
        }
        if calendar.truncated {
            text.push_str("More entries follow: ask for fewer days.\n");
        }
        text
    }
}
