//! Accounts' queues as tools.

use std::fmt::Write as _;

use crate::{
    app::queue::{
        QueueView,
        get::{QueueGet, Queues},
        set::{QueueChanged, QueueSet},
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<QueueGet>(Face {
            name: "queue_get",
            toolset: Some(Toolset::Schedule),
            title: "Show a queue",
            description: "Shows when an account posts: its weekly times, quiet hours, most posts a day and least distance, and \
                the next free times. Book one with post_schedule and at `next free slot`; change the queue with queue_set.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<QueueSet>(Face {
            name: "queue_set",
            toolset: Some(Toolset::Schedule),
            title: "Change a queue",
            description: "Sets when an account posts. slots are weekly local times, for example [{days: [monday, thursday], \
                times: [09:00]}]. Quiet hours, daily_cap and distance_minutes hold for slots always; other times that break \
                them are warned about, or refused when strict. What is scheduled already keeps its time. Returns the queue \
                and its next free times.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

impl Spoken for QueueGet {
    fn say(found: &Queues) -> String {
        if found.queues.is_empty() {
            return "No account has a queue yet: set one with queue_set.".into();
        }
        found.queues.iter().map(queue).collect::<Vec<_>>().join("\n")
    }
}

impl Spoken for QueueSet {
    fn say(changed: &QueueChanged) -> String {
        format!("{}\n{}", changed.message, queue(&changed.queue))
    }
}

fn queue(queue: &QueueView) -> String {
    let mut text = format!("@{} on {} ({}), {}\n", queue.handle, queue.network, queue.account_id, queue.time_zone);
    if queue.slots.is_empty() {
        text.push_str("  no weekly times\n");
    }
    for part in &queue.slots {
        let days: Vec<_> = part.days.iter().map(|day| day.as_str()).collect();
        _ = writeln!(text, "  {}: {}", days.join(", "), part.times.join(" "));
    }
    if let Some(hours) = &queue.quiet_hours {
        _ = writeln!(text, "  quiet hours {hours}");
    }
    if let Some(cap) = queue.daily_cap {
        _ = writeln!(text, "  at most {cap} posts a day");
    }
    if queue.distance_minutes > 0 {
        _ = writeln!(text, "  at least {} minutes apart", queue.distance_minutes);
    }
    if queue.strict {
        text.push_str("  strict: other times are refused\n");
    }
    for free in &queue.next_free {
        _ = writeln!(text, "  free: {}", free.at_local);
    }
    text
}
