//! The networks' rules as a tool.

use std::fmt::Write as _;

use crate::{
    app::networks::rules::{NetworkRules, Rules},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<NetworkRules>(Face {
        name: "network_rules",
        toolset: Some(Toolset::Posts),
        title: "Rules of the networks",
        description: "Tells what each social network accepts: text length and how it is counted, images per message with \
            their types and sizes, threads, and whether published posts can be deleted. Read it before writing long texts \
            or threads; post_create and post_schedule check the same rules.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for NetworkRules {
    fn say(rules: &Rules) -> String {
        let mut text = String::new();
        for network in &rules.networks {
            _ = write!(text, "{} ({}): {} characters", network.title, network.network, network.text_limit);
            if let Some(bytes) = network.text_limit_bytes {
                _ = write!(text, " and {bytes} bytes");
            }
            _ = writeln!(
                text,
                " a message; up to {} messages in a thread; {} images of at most {} bytes ({}); descriptions up to {}; {} be deleted.",
                network.segments_max,
                network.images_max,
                network.image_bytes_max,
                network.image_types.join(", "),
                network.alt_text_max,
                if network.can_delete { "can" } else { "cannot" }
            );
            for note in &network.notes {
                _ = writeln!(text, "  {note}");
            }
        }
        text
    }
}
