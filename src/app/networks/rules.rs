//! The limits of the networks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    error::Result,
    model::{
        networks::{Capabilities, KnownNetwork},
        roles::Permission,
    },
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkRules {
    /// Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<KnownNetwork>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Rules {
    pub networks: Vec<Capabilities>,
}

impl UseCase for NetworkRules {
    type Input = Self;
    type Output = Rules;
    type Form = Locally;
    const NAME: &'static str = "network_rules";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for NetworkRules {
    async fn run(_: &mut Scope<'_>, input: Self) -> Result<Rules> {
        let wanted = KnownNetwork::ALL.into_iter().filter(|network| input.network.is_none_or(|only| only == *network));
        Ok(Rules { networks: wanted.map(KnownNetwork::rules).collect() })
    }
}
