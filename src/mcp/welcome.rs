//! What the server says of itself, before anybody calls.

use rmcp::model::{CacheScope, DiscoverResult, Implementation, ProtocolVersion, ServerCapabilities, ServerConfig};

const INSTRUCTIONS: &str = "AllIN plans, schedules and publishes posts on social networks. Begin with workspace_overview: it \
shows the accounts, the time zone and what is planned. Draft with post_create, then post_schedule or post_publish. Images come \
in through asset_add. Times without an offset are local to the workspace. Questions about AllIN or the workspace's documents: \
knowledge_ask. Every error says what to do next. Publishing and deleting ask the person first.";

pub fn info() -> ServerConfig {
    let capabilities = ServerCapabilities::builder()
        .enable_tools()
        .enable_prompts()
        .enable_resources()
        .enable_resources_subscribe()
        .enable_resources_list_changed()
        .build();
    let implementation = Implementation::new("allin", env!("CARGO_PKG_VERSION"))
        .with_title("AllIN")
        .with_description("Plans, schedules and publishes posts on social networks.");
    ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(INSTRUCTIONS)
}

pub fn discovered(versions: Vec<ProtocolVersion>) -> DiscoverResult {
    let info = info();
    let mut result = DiscoverResult::new(versions, info.capabilities)
        .with_server_info(info.server_info)
        // The same for everybody, and as long as this version of the program runs.
        .with_ttl_ms(3_600_000)
        .with_cache_scope(CacheScope::Public);
    result.instructions = Some(INSTRUCTIONS.to_owned());
    result
}
