//! Make an API key useless at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    error::{Error, Result},
    ids::ApiKeyId,
    model::roles::Permission,
    store::{tokens, workspaces},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRevoke {
    pub key_id: ApiKeyId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeyRevoked {
    pub message: String,
}

impl UseCase for KeyRevoke {
    type Input = Self;
    type Output = KeyRevoked;
    type Form = Locally;
    const NAME: &'static str = "key_revoke";
    const NEEDS: Permission = Permission::ManageKeys;
    const EFFECT: Effect = Effect::Destructive;
}

impl Local for KeyRevoke {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<KeyRevoked> {
        let workspace = scope.ctx.workspace;
        if !workspaces::revoke_key(scope.tx, workspace, input.key_id, scope.now).await? {
            return Err(Error::not_found("key_not_found", format!("There is no key {} in use.", input.key_id))
                .next("Use `allin key list`."));
        }
        tokens::drop_of(scope.tx, workspace, input.key_id.uuid()).await?;
        scope.changed("api_key", input.key_id, json!({ "revoked": true }));
        Ok(KeyRevoked { message: "The key works no more.".into() })
    }
}
