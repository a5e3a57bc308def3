//! The API keys, without their secrets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::Result,
    ids::{ApiKeyId, MemberId},
    model::roles::Permission,
    store::workspaces,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyList {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Keys {
    pub keys: Vec<KeyView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct KeyView {
    pub id: ApiKeyId,
    pub name: String,
    /// How the key begins.
    pub prefix: String,
    pub member_id: MemberId,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl UseCase for KeyList {
    type Input = Self;
    type Output = Keys;
    type Form = Locally;
    const NAME: &'static str = "key_list";
    const NEEDS: Permission = Permission::ReadKeys;
    const EFFECT: Effect = Effect::Read;
}

impl Local for KeyList {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<Keys> {
        let keys = workspaces::keys(scope.tx, scope.ctx.workspace).await?;
        let view = |key: workspaces::ApiKey| KeyView {
            id: key.api_key_id,
            name: key.name,
            prefix: key.prefix,
            member_id: key.member_id,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        };
        Ok(Keys { keys: keys.into_iter().map(view).collect() })
    }
}
