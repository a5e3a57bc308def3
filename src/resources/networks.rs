//! `allin://networks`, `allin://networks/{network}`.

use rmcp::model::{ReadResourceResult, Resource, ResourceTemplate};

use super::{contents, no_such_resource, resource, template};
use crate::{
    app::{App, ctx::Ctx, networks::rules::NetworkRules},
    error::Result,
};

pub fn resources() -> Vec<Resource> {
    vec![resource("networks", "Rules of the networks", "What every network accepts: text lengths, media, threads.")]
}

pub fn templates() -> Vec<ResourceTemplate> {
    vec![template(
        "networks/{network}",
        "network",
        "Rules of one network",
        "What one network accepts, by its name, such as bluesky, x or linkedin.",
    )]
}

pub async fn read(app: &App, ctx: &Ctx, uri: &str, network: Option<&str>) -> Result<ReadResourceResult> {
    let network = network.map(str::parse).transpose().map_err(|_| no_such_resource())?;
    contents(uri, &app.call_once::<NetworkRules>(ctx, NetworkRules { network }).await?)
}
