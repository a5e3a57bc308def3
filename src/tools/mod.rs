//! MCP tools: each translates and calls one use case. One file per noun; what they share is the registry.

mod accounts;
mod answers;
mod approvals;
mod assets;
mod audit;
mod best_times;
mod calendar;
mod campaigns;
mod comments;
mod crisis;
mod held;
mod imports;
mod knowledge;
mod members;
mod metrics;
mod networks;
mod notifications;
mod pauses;
mod plans;
mod posts;
mod queue;
mod receipts;
mod recycling;
pub mod registry;
mod schema;
mod series;
mod tasks;
mod tickets;
mod versions;
mod workspaces;

use std::sync::LazyLock;

use registry::ToolSpec;

/// Every tool, by name.
pub fn all() -> &'static [ToolSpec] {
    static ALL: LazyLock<Vec<ToolSpec>> = LazyLock::new(|| {
        let mut all: Vec<ToolSpec> = [
            workspaces::tools(),
            accounts::tools(),
            approvals::tools(),
            networks::tools(),
            assets::tools(),
            posts::tools(),
            pauses::tools(),
            queue::tools(),
            series::tools(),
            calendar::tools(),
            campaigns::tools(),
            imports::tools(),
            held::tools(),
            knowledge::tools(),
            members::tools(),
            metrics::tools(),
            best_times::tools(),
            recycling::tools(),
            notifications::tools(),
            audit::tools(),
            receipts::tools(),
            versions::tools(),
            comments::tools(),
            crisis::tools(),
            tasks::tools(),
            answers::tools(),
            tickets::tools(),
            plans::tools(),
        ]
        .into_iter()
        .flatten()
        .collect();
        all.sort_by_key(|spec| spec.name);
        all
    });
    &ALL
}

/// The tool of that name.
pub fn find(name: &str) -> Option<&'static ToolSpec> {
    let all = all();
    all.binary_search_by_key(&name, |spec| spec.name).ok().and_then(|index| all.get(index))
}
