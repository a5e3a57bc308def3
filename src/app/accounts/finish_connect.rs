//! Connect an account with what a person typed, on the page or at the command line.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::{
    app::{
        App,
        accounts::{
            connect,
            list::{self, AccountView},
        },
        ctx::Ctx,
        notifications::note::{Notice, note},
        plans,
        publishing::tokens::place,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clients::networks::{ConnectForm, Connected},
    error::{Error, Result},
    ids::{AccountId, ConnectId},
    model::{
        accounts::AccountStatus, networks::NetworkId, notifications::NotificationKind, plans::Limit, roles::Permission,
    },
    store::{accounts, connects, tokens},
};

/// Wrong passwords that one page takes.
const ATTEMPTS_MAX: i32 = 5;

/// Never an input of a tool.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountFinishConnect {
    pub network: NetworkId,
    #[serde(default)]
    pub server: Option<String>,
    /// Handle or e-mail address.
    pub identifier: String,
    /// Left out of everything that is written down.
    #[serde(skip, default = "empty")]
    #[schemars(skip)]
    pub password: SecretString,
    /// The page, when it came from one.
    #[serde(default)]
    pub page: Option<ConnectId>,
}

fn empty() -> SecretString {
    SecretString::from("")
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccountConnected {
    pub message: String,
    pub account: AccountView,
}

impl UseCase for AccountFinishConnect {
    type Input = Self;
    type Output = AccountConnected;
    type Form = Remotely;
    const NAME: &'static str = "account_finish_connect";
    const NEEDS: Permission = Permission::EnterSecrets;
    const EFFECT: Effect = Effect::Write;
}

pub struct Plan {
    network: NetworkId,
    form: ConnectForm,
    page: Option<ConnectId>,
}

pub struct Outcome {
    network: NetworkId,
    connected: Connected,
    page: Option<ConnectId>,
}

impl Remote for AccountFinishConnect {
    type Plan = Plan;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let mut base_url: Option<Url> = None;
        if let Some(page) = input.page {
            let request = connects::get(scope.tx, scope.ctx.workspace, page).await?;
            let request = request.filter(|request| request.used_at.is_none() && request.expires_at > scope.now);
            let request = request.ok_or_else(page_over)?;
            if request.attempts >= ATTEMPTS_MAX || Some(request.member_id) != scope.ctx.member() {
                return Err(page_over());
            }
            connects::count_attempt(scope.tx, scope.ctx.workspace, page).await?;
            base_url = request.base_url.map(|url| url.parse()).transpose().map_err(Error::internal)?;
        }
        if let Some(text) = input.server.as_deref().filter(|text| !text.trim().is_empty() && base_url.is_none()) {
            base_url = Some(connect::server(scope, text)?);
        }
        let identifier = input.identifier.trim().trim_start_matches('@').to_owned();
        if identifier.is_empty() || input.password.expose_secret().is_empty() {
            return Err(Error::invalid("credentials_missing", "Enter both the account's name and its password.")
                .field("identifier", "must not be empty"));
        }
        Ok(Plan {
            network: input.network,
            form: ConnectForm { base_url, identifier, password: input.password },
            page: input.page,
        })
    }

    async fn call(app: &App, _: &Ctx, plan: Plan) -> Result<Outcome> {
        let connected = app.networks.get(plan.network).connect(plan.form).await?;
        Ok(Outcome { network: plan.network, connected, page: plan.page })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<AccountConnected> {
        let workspace = scope.ctx.workspace;
        let connected = outcome.connected;
        if let Some(page) = outcome.page {
            // Sent off twice at once: the first one has it.
            let request = connects::get(scope.tx, workspace, page).await?;
            request.filter(|request| request.used_at.is_none()).ok_or_else(page_over)?;
        }
        let known = accounts::find(scope.tx, workspace, outcome.network, &connected.remote_id).await?;
        let id = known.unwrap_or_else(|| scope.new_id::<AccountId>());
        let before = accounts::get(scope.tx, workspace, id).await?;
        // One that is connected has its place; it is renewed.
        if before.as_ref().is_none_or(|account| account.status == AccountStatus::Disconnected) {
            plans::room(scope, Limit::Accounts).await?;
        }
        let lost = before
            .filter(|account| account.status == AccountStatus::Disconnected)
            .map(|account| account.status_reason.unwrap_or_else(|| "no reason was given".into()));
        let sealed = scope.app.vault.seal(place(workspace, id), &connected.credentials.secret)?;
        let connection = accounts::Connection {
            network: outcome.network,
            remote_id: &connected.remote_id,
            handle: &connected.handle,
            display_name: connected.display_name.as_deref(),
            base_url: connected.base_url.as_str(),
        };
        accounts::put(scope.tx, workspace, id, &connection, &sealed, connected.credentials.expires_at, scope.now)
            .await?;
        if let Some(page) = outcome.page {
            connects::finish(scope.tx, workspace, page, id, scope.now).await?;
            tokens::drop_of(scope.tx, workspace, page.uuid()).await?;
        }
        if let Some(lost) = lost {
            let notice = Notice {
                kind: NotificationKind::AccountConnected,
                account: id,
                post: None,
                code: "account_connected",
                cause: &format!("{} connected it; it had been disconnected: {lost}.", scope.entered.member_name),
                next_step: "Posts that were held meanwhile wait to be scheduled again; post_query with status held lists them.",
                done_by: scope.ctx.member(),
            };
            note(scope.app, scope.tx, workspace, &[notice], scope.now).await?;
        }
        let handle = scope.committed(connected.handle.as_str()).await?;
        let how: Value = json!({ "connected": handle, "network": outcome.network, "again": known.is_some() });
        scope.changed("account", id, how);
        let account =
            accounts::get(scope.tx, workspace, id).await?.ok_or_else(|| Error::internal("account vanished"))?;
        let message = format!("@{} on {} is connected.", account.handle, outcome.network.title());
        Ok(AccountConnected { message, account: list::view(account, true) })
    }
}

fn page_over() -> Error {
    Error::conflict("connect_page_over", "This page was used, has expired, or took too many wrong passwords.")
        .next("Ask for a new one with account_connect.")
}
