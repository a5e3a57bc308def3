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
            Defaults to seven days from today; view and from choose a month, week or day, days an agenda of up to a year. Use \
            it to find gaps and clashes before scheduling; post_query searches by text. For a person's eyes ask for image or page.",
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
        for change in &calendar.clock_changes {
            _ = writeln!(
                text,
                "{}: the clocks are changed, the day has {} minutes.",
                change.date,
                24 * 60 + change.minutes
            );
        }
        if calendar.truncated {
            text.push_str("More entries follow: ask for fewer days.\n");
        }
        if let Some(url) = &calendar.page_url {
            _ = writeln!(text, "For a person to look at, for 30 minutes: {url}");
        }
        text
    }

    fn picture(calendar: &mut Calendar) -> Option<Vec<u8>> {
        calendar.png.take()
    }
}
