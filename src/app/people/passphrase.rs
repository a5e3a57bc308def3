//! Set the own passphrase, or change it. It never goes through a tool.

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    error::{Error, Result},
    ids::{MemberId, fill_random},
    model::roles::Permission,
    store::people,
    vault::passphrase::{PersonKey, check_passphrase},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassphraseSet {
    /// At least 10 characters.
    #[serde(serialize_with = "hidden")]
    #[schemars(with = "String")]
    pub passphrase: SecretString,
}

/// Inputs are hashed and stored with idempotency keys: not this one.
fn hidden<S: Serializer>(_: &SecretString, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str("hidden")
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PassphraseIsSet {
    pub message: String,
}

impl UseCase for PassphraseSet {
    type Input = Self;
    type Output = PassphraseIsSet;
    type Form = Locally;
    const NAME: &'static str = "passphrase_set";
    const NEEDS: Permission = Permission::SetPassphrase;
    const EFFECT: Effect = Effect::Write;
    const DECIDES: bool = true;
}

impl Local for PassphraseSet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PassphraseIsSet> {
        let member = scope.ctx.member().ok_or_else(|| Error::internal("a passphrase belongs to a member"))?;
        store(scope, member, input.passphrase).await?;
        let message = "The passphrase is set. AllIN asks for it when you decide on an approval, and when you change \
                       members, keys or grants. It is stored nowhere: keep it where you keep others.";
        Ok(PassphraseIsSet { message: message.into() })
    }
}

/// A new passphrase, as it was typed twice.
pub(in crate::app) fn typed_twice(first: SecretString, second: &SecretString) -> Result<SecretString> {
    check_passphrase(&first)?;
    if first.expose_secret() != second.expose_secret() {
        return Err(Error::invalid("passphrases_differ", "The two passphrases are not the same.")
            .next("Type the same one twice.")
            .field("once_more", "is another one"));
    }
    Ok(first)
}

/// Gives a member the key of this passphrase. The caller has made sure that it is this person.
pub(in crate::app) async fn store(scope: &mut Scope<'_>, member: MemberId, passphrase: SecretString) -> Result<()> {
    check_passphrase(&passphrase)?;
    let mut salt = [0; 16];
    fill_random(&mut salt);
    // An owned copy for the other thread; both are wiped when they are dropped.
    let copy = SecretString::from(passphrase.expose_secret().to_owned());
    let derived = tokio::task::spawn_blocking(move || PersonKey::derive(&copy, &salt));
    let public = derived.await.map_err(Error::internal)??.public();
    let key: Uuid = scope.new_id();
    people::set_key(scope.tx, scope.ctx.workspace, member, key, &salt, &public, scope.now).await?;
    scope.changed("passphrase", member, json!({ "key": key }));
    Ok(())
}
