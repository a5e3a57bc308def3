//! The networks' rules as a tool.

use std::fmt::Write as _;

use crate::{
    app::networks::rules::{NetworkRules, Rules},
    model::networks::{LengthUnit, MediaRules},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<NetworkRules>(Face {
        name: "network_rules",
        toolset: Some(Toolset::Posts),
        title: "Rules of the networks",
        description: "Tells what a social network accepts: text length and how it is counted, media with types, sizes, ratios \
            and durations, threads, and whether published posts can be deleted or edited. Knows ten networks and the practice \
            network, also those that cannot be connected yet. Name one: the whole list is long. post_create, post_preview \
            and post_schedule check the same rules.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for NetworkRules {
    fn say(rules: &Rules) -> String {
        let mut text = String::new();
        for network in &rules.networks {
            let ready = if network.connectable { "" } else { ", cannot be connected yet" };
            _ = write!(text, "{} ({}{ready}): {} characters", network.title, network.network, network.text_limit);
            if let Some(bytes) = network.text_limit_bytes {
                _ = write!(text, " and {bytes} bytes");
            }
            _ = write!(text, " a message ({}); ", counted(network.text_unit));
            _ = match network.segments_max {
                1 => write!(text, "no threads; "),
                most => write!(text, "up to {most} messages in a thread; "),
            };
            _ = writeln!(
                text,
                "{}; can {}.",
                media(&network.media),
                match (network.can_delete, network.can_edit) {
                    (true, true) => "be deleted and edited",
                    (true, false) => "be deleted, not edited",
                    (false, true) => "be edited, not deleted",
                    (false, false) => "be neither deleted nor edited",
                }
            );
            for field in &network.fields {
                let need = if field.required { "Needs" } else { "May have" };
                let most = field.max.map(|most| format!(" of at most {most} characters")).unwrap_or_default();
                _ = writeln!(text, "  {need} {}{most}.", field.name);
            }
            if let Some(most) = network.posts_per_day {
                _ = writeln!(text, "  At most {most} posts of an account in 24 hours.");
            }
            if network.refuses_repeats {
                _ = writeln!(text, "  Refuses a text that the account has posted lately.");
            }
            for note in &network.notes {
                _ = writeln!(text, "  {note}");
            }
        }
        text
    }
}

fn counted(unit: LengthUnit) -> &'static str {
    match unit {
        LengthUnit::Graphemes => "as a person counts them",
        LengthUnit::GraphemesShortLinks => "as a person counts them, addresses 23",
        LengthUnit::Weighted => "weighted: addresses 23, emoji and most non-Latin 2",
        LengthUnit::Utf16 => "UTF-16 units",
        LengthUnit::Utf16Escaped => "UTF-16 units with the backslashes that LinkedIn needs",
        LengthUnit::EmojiBytes => "emoji by their bytes",
    }
}

fn media(rules: &MediaRules) -> String {
    let kinds = [("images", &rules.images), ("GIFs", &rules.animations), ("videos", &rules.videos)];
    let mut parts = Vec::new();
    for (name, limits) in kinds {
        let Some(limits) = limits else { continue };
        let mut part = format!("{} {name} ({})", limits.max, limits.types.join(", "));
        if let Some(bytes) = limits.bytes_max {
            _ = write!(part, " of at most {bytes} bytes");
        }
        if let Some([least, most]) = limits.ratio {
            _ = write!(part, ", {least:.2} to {most:.2} times as wide as high");
        }
        match (limits.seconds_min, limits.seconds_max) {
            (Some(least), Some(most)) => _ = write!(part, ", {least} to {most} seconds"),
            (Some(least), None) => _ = write!(part, ", at least {least} seconds"),
            (None, Some(most)) => _ = write!(part, ", at most {most} seconds"),
            (None, None) => {}
        }
        parts.push(part);
    }
    if let Some(most) = rules.alt_text_max {
        parts.push(format!("descriptions up to {most}"));
    }
    let how = if rules.required { "needs media: " } else { "" };
    format!("{how}{}", parts.join(if rules.mixed { " and " } else { "; " }))
}
