//! Ask for a page on which a person types the secret. No secret ever goes through a tool.

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::{Error, Result},
    ids::ConnectId,
    model::{networks::KnownNetwork, roles::Permission},
    store::{
        connects::{self, ConnectRequest},
        tokens::{self, TokenKind},
    },
    vault::{new_token, sha256},
};

/// How long the page may be used, in seconds.
const VALID_SECS: i64 = 1800;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountConnect {
    pub network: KnownNetwork,
    /// Address of the account's server. Default: the network's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub server: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ConnectPage {
    /// What to do, for a person.
    pub message: String,
    /// To be opened by a person, once, on the machine that runs AllIN or where its address leads.
    /// Missing when the call is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub expires_at: Timestamp,
}

impl UseCase for AccountConnect {
    type Input = Self;
    type Output = ConnectPage;
    type Form = Locally;
    const NAME: &'static str = "account_connect";
    const NEEDS: Permission = Permission::ConnectAccounts;
    const EFFECT: Effect = Effect::Write;

    /// The link is a secret of 30 minutes: it is shown, and never stored.
    fn keep(output: &ConnectPage) -> Result<Value> {
        let message =
            "A page was made already; its address is shown only once. Call without this key for a new one.".into();
        serde_json::to_value(ConnectPage { message, url: None, ..output.clone() }).map_err(Error::internal)
    }
}

impl Local for AccountConnect {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ConnectPage> {
        let network = input.network.connectable()?;
        let base = scope.app.pages_url().ok_or_else(|| {
            Error::operator("no_pages", "This process shows no pages.")
                .next("Use `allin account connect` on the command line, which asks for the password itself.")
        })?;
        let server = input.server.as_deref().map(|text| server(scope, text)).transpose()?;
        let member_id = scope.ctx.member().ok_or_else(|| Error::internal("only members connect accounts"))?;
        let token = new_token("connect");
        let request = ConnectRequest {
            connect_id: scope.new_id::<ConnectId>(),
            member_id,
            network: network.as_str().to_owned(),
            base_url: server.map(String::from),
            expires_at: scope.now.plus_secs(VALID_SECS),
            attempts: 0,
            used_at: None,
        };
        connects::insert(scope.tx, scope.ctx.workspace, &request, scope.now).await?;
        let hash = sha256(token.expose_secret().as_bytes());
        tokens::add(scope.tx, TokenKind::Connect, &hash, scope.ctx.workspace, request.connect_id.uuid()).await?;
        scope.changed("connect_page", request.connect_id, json!({ "network": network }));
        let url = base.join(&format!("connect/{}", token.expose_secret())).map_err(Error::internal)?;
        Ok(ConnectPage {
            message: format!(
                "A person has to open this page within 30 minutes and enter the {} account's name and password there: {url}",
                network.title()
            ),
            url: Some(url.into()),
            expires_at: request.expires_at,
        })
    }
}

/// A server's address that the outbound guard lets through.
pub fn server(scope: &Scope<'_>, text: &str) -> Result<Url> {
    let text = text.trim();
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url: Url = with_scheme.parse().map_err(|error: url::ParseError| {
        Error::invalid("server_malformed", "The server is no web address.")
            .next("Write it as https://bsky.social.")
            .field("server", "a web address")
            .because(error)
    })?;
    scope.app.http.check(&url)?;
    Ok(url)
}
