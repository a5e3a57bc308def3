//! Images and videos as a tool.

use crate::{
    app::assets::{add::AssetAdded, fetch::AssetFetch},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<AssetFetch>(Face {
        name: "asset_add",
        toolset: Some(Toolset::Posts),
        title: "Add an image or video",
        description: "Keeps an image (PNG, JPEG, GIF, WebP) or video (MP4, QuickTime) for use in posts and returns its asset \
            id and facts. Give a path (a file below an allowed folder, only for clients on the same machine) or a public url; \
            HTTP clients can also upload bytes to /assets. Always say in alt_text what it shows. The same file twice gives \
            the same id.",
        idempotent: true,
        open_world: true,
        asks: false,
    })]
}

impl Spoken for AssetFetch {
    fn say(added: &AssetAdded) -> String {
        added.message.clone()
    }
}
