//! Pictures as a tool.

use crate::{
    app::assets::{add::AssetAdded, fetch::AssetFetch},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, tool},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![tool::<AssetFetch>(Face {
        name: "asset_add",
        toolset: Some(Toolset::Posts),
        title: "Add an image",
        description: "Keeps an image for use in posts and returns its asset id. Give a path (a file below an allowed folder, \
            only for clients on the same machine) or a public url; HTTP clients can also upload bytes to /assets. PNG, JPEG, \
            GIF and WebP. Always say in alt_text what the image shows. The same image twice gives the same id.",
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
