//! Make an API key. The key is shown once; only its hash is kept.

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{
        members::known,
        use_case::{Effect, Local, Locally, Scope, UseCase},
        workspaces::create::check_name,
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{ApiKeyId, MemberId},
    model::roles::Permission,
    store::{
        tokens::{self, TokenKind},
        workspaces::{self, ApiKey},
    },
    vault::{new_token, sha256},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyCreate {
    /// What it is for.
    pub name: String,
    /// Whose rights it has. Default: the caller's.
    #[serde(default)]
    pub member_id: Option<MemberId>,
    /// Days until it stops working. Default: never.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeyCreated {
    pub message: String,
    pub id: ApiKeyId,
    /// The key itself; missing when the call is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl UseCase for KeyCreate {
    type Input = Self;
    type Output = KeyCreated;
    type Form = Locally;
    const NAME: &'static str = "key_create";
    const NEEDS: Permission = Permission::ManageKeys;
    const EFFECT: Effect = Effect::Write;

    fn keep(output: &KeyCreated) -> Result<Value> {
        let message = format!("The key {}… was created already; it is shown only once.", output.prefix);
        serde_json::to_value(KeyCreated { key: None, message, ..output.clone() }).map_err(Error::internal)
    }
}

impl Local for KeyCreate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<KeyCreated> {
        check_name("name", &input.name)?;
        let member_id = match input.member_id.or(scope.ctx.member()) {
            Some(id) => known(scope, id).await?.member_id,
            None => return Err(Error::internal("a key belongs to a member")),
        };
        let token = new_token("allin");
        let plain = token.expose_secret();
        let key = ApiKey {
            api_key_id: scope.new_id::<ApiKeyId>(),
            member_id,
            name: input.name.trim().to_owned(),
            prefix: plain.chars().take(12).collect(),
            created_at: scope.now,
            expires_at: input.expires_in_days.map(|days| scope.now.plus_secs(i64::from(days) * 24 * 3600)),
            revoked_at: None,
        };
        workspaces::insert_key(scope.tx, scope.ctx.workspace, &key).await?;
        let hash = sha256(plain.as_bytes());
        tokens::add(scope.tx, TokenKind::ApiKey, &hash, scope.ctx.workspace, key.api_key_id.uuid()).await?;
        scope.changed("api_key", key.api_key_id, json!({ "member": member_id, "expires_at": key.expires_at }));
        Ok(KeyCreated {
            message: "Keep the key: it is shown only now.".into(),
            id: key.api_key_id,
            key: Some(plain.to_owned()),
            prefix: key.prefix,
            expires_at: key.expires_at,
        })
    }
}
