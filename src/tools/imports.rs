//! Files of posts as tools.

use std::fmt::Write as _;

use crate::{
    app::imports::{
        export::{Exported, PostsExport},
        import::{ImportReport, PostsImport},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<PostsImport>(Face {
            name: "posts_import",
            toolset: Some(Toolset::Schedule),
            title: "Import posts",
            description: "Makes posts from CSV (columns key, text, accounts, scheduled_at, time_zone, title, tags, campaign, media, \
                alt_text; text_2 … for threads) or a JSON list of the same. Checks first: dry_run is true unless you pass false. \
                Names problems by row and column, clashes, crowded days and repeats. All or nothing unless only_good. The same rows \
                again change nothing.",
            idempotent: true,
            open_world: true,
            asks: false,
        }),
        on_demand::<PostsExport>(Face {
            name: "posts_export",
            toolset: Some(Toolset::Schedule),
            title: "Export posts",
            description: "Writes posts as CSV or JSON, newest first, as posts_import takes them in this workspace or another. \
                Filters as in post_query. Pass next_cursor as cursor for more. For a few posts post_get is shorter.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for PostsImport {
    fn say(report: &ImportReport) -> String {
        let mut text = format!("{}\n", report.message);
        for problem in &report.problems {
            _ = writeln!(text, "Problem: {problem}");
        }
        if report.problems_total > report.problems.len() {
            _ = writeln!(text, "… {} problems in all.", report.problems_total);
        }
        for warning in &report.warnings {
            _ = writeln!(text, "Note: {warning}");
        }
        if report.warnings_total > report.warnings.len() {
            _ = writeln!(text, "… {} notes in all.", report.warnings_total);
        }
        if !report.campaigns.is_empty() {
            _ = writeln!(text, "New campaigns: {}.", report.campaigns.join(", "));
        }
        for note in &report.notes {
            _ = writeln!(text, "Note: {note}");
        }
        text
    }
}

impl Spoken for PostsExport {
    fn say(exported: &Exported) -> String {
        let mut text = format!("{}{}", exported.heading, exported.content);
        if let Some(cursor) = &exported.next_cursor {
            _ = write!(text, "\nMore with cursor {cursor}");
        }
        text
    }
}
