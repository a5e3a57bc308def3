//! Close ways in: API keys, tokens of accounts, sessions. Apart from everything else, because deleting takes tokens. A person
//! at the command line comes in with the passphrase and nothing that is revoked here, so the last Admin's way in stays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    app::{
        accounts,
        confirm::Question,
        crisis::{News, announce, none_lasts, published, situation::count, taken},
        members::{self, actors::Everybody},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, ApiKeyId, MemberId},
    model::{
        accounts::AccountStatus,
        crisis::{Access, Standing},
        roles::Permission,
    },
    store::{
        accounts::{self as stored, Account},
        crisis::{self, Incident, facts},
        members as kept, tokens,
        workspaces::{self, ApiKey},
    },
    vault::sha256,
};

/// Why an account says that it is disconnected.
const REASON: &str = "its token was revoked in a crisis";

/// Everything, unless something is named.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisRevoke {
    /// All of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Access>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_ids: Vec<ApiKeyId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
    /// Whose sessions end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub member_ids: Vec<MemberId>,
    /// Although deletions are under way that take the tokens.
    #[serde(default)]
    pub anyway: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CrisisRevoked {
    pub message: String,
    pub keys: Vec<ApiKeyId>,
    pub accounts: Vec<AccountId>,
    /// Whose sessions ended.
    pub members: Vec<MemberId>,
    /// What AllIN cannot close.
    pub left: Vec<String>,
}

impl UseCase for CrisisRevoke {
    type Input = Self;
    type Output = CrisisRevoked;
    type Form = Locally;
    const NAME: &'static str = "crisis_revoke";
    const NEEDS: Permission = Permission::RevokeAccess;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let incident = crisis::lasting(scope.tx, scope.ctx.workspace).await?.ok_or_else(none_lasts)?;
        let ways = Ways::chosen(scope, input).await?;
        ways.must_not_be_needed(scope, input.anyway).await?;
        let public = ways.still_public(scope, &incident).await?;
        Ok(Some(ways.question(public)))
    }
}

impl Local for CrisisRevoke {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<CrisisRevoked> {
        let workspace = scope.ctx.workspace;
        // Nobody begins a deletion meanwhile.
        let incident = taken(scope).await?;
        let ways = Ways::chosen(scope, &input).await?;
        ways.must_not_be_needed(scope, input.anyway).await?;
        for key in &ways.keys {
            workspaces::revoke_key(scope.tx, workspace, key.api_key_id, scope.now).await?;
            tokens::drop_of(scope.tx, workspace, key.api_key_id.uuid()).await?;
            scope.changed("api_key", key.api_key_id, json!({ "revoked": true }));
        }
        for account in &ways.accounts {
            stored::disconnect(scope.tx, workspace, account.account_id, None, REASON, scope.now).await?;
            scope.changed("account", account.account_id, json!({ "disconnected": true }));
        }
        for member in &ways.members {
            kept::end_sessions(scope.tx, workspace, *member).await?;
            scope.changed("sessions", *member, json!({ "ended": true }));
        }
        let everybody = Everybody::load(scope).await?;
        let who = everybody.who(&scope.ctx.actor.key());
        let news = News {
            code: "access_revoked",
            title: format!("Access was revoked: {}", ways.words()),
            cause: format!("{} did so in the crisis “{}”.", who.said(), incident.reason),
            next_step: "Clients need new keys, accounts have to be connected again; ask an Admin.",
        };
        announce(scope, &everybody, &who, news).await?;
        Ok(ways.revoked())
    }
}

/// What is to be revoked, in the order of its ids.
struct Ways {
    keys: Vec<ApiKey>,
    accounts: Vec<Account>,
    members: Vec<MemberId>,
}

impl Ways {
    async fn chosen(scope: &mut Scope<'_>, input: &CrisisRevoke) -> Result<Self> {
        let workspace = scope.ctx.workspace;
        let named = !(input.key_ids.is_empty() && input.account_ids.is_empty() && input.member_ids.is_empty());
        let whole = |access| input.only.contains(&access) || (input.only.is_empty() && !named);
        let mut keys = workspaces::keys(scope.tx, workspace).await?;
        keys.retain(|key| key.revoked_at.is_none());
        if let Some(missing) = input.key_ids.iter().find(|id| !keys.iter().any(|key| key.api_key_id == **id)) {
            return Err(Error::not_found("key_not_found", format!("There is no key {missing} in use."))
                .next("Use `allin key list`."));
        }
        for id in &input.account_ids {
            accounts::known(scope, *id).await?;
        }
        for id in &input.member_ids {
            members::known(scope, *id).await?;
        }
        let mut all = stored::list(scope.tx, workspace, None).await?;
        let mut whose: Vec<MemberId> =
            workspaces::members(scope.tx, workspace).await?.iter().map(|member| member.member_id).collect();
        keys.retain(|key| whole(Access::Keys) || input.key_ids.contains(&key.api_key_id));
        all.retain(|account| whole(Access::Accounts) || input.account_ids.contains(&account.account_id));
        all.retain(|account| account.status != AccountStatus::Disconnected);
        whose.retain(|id| whole(Access::Sessions) || input.member_ids.contains(id));
        keys.sort_by_key(|key| key.api_key_id);
        all.sort_by_key(|account| account.account_id);
        whose.sort();
        Ok(Self { keys, accounts: all, members: whose })
    }

    fn account_ids(&self) -> Vec<Uuid> {
        self.accounts.iter().map(|account| account.account_id.uuid()).collect()
    }

    /// Tokens are needed to delete.
    async fn must_not_be_needed(&self, scope: &mut Scope<'_>, anyway: bool) -> Result<()> {
        let open = facts::removals_open(scope.tx, scope.ctx.workspace, &self.account_ids()).await?;
        if open == 0 || anyway {
            return Ok(());
        }
        Err(Error::conflict(
            "deletions_under_way",
            format!("{open} deletion(s) on these accounts are under way; without the tokens AllIN cannot carry them out."),
        )
        .next("Wait until `allin crisis status` shows none, or leave accounts out (--only keys,sessions), or say --anyway."))
    }

    /// What AllIN could delete until now, and cannot afterwards.
    async fn still_public(&self, scope: &mut Scope<'_>, incident: &Incident) -> Result<usize> {
        let (mut listed, _) = published::since(scope, incident.since, None, None).await?;
        listed.retain(|one| self.accounts.iter().any(|account| account.account_id == one.account_id));
        Ok(count(&listed, Standing::Public))
    }

    fn words(&self) -> String {
        format!(
            "{} API key(s), the tokens of {} account(s), the sessions of {} member(s)",
            self.keys.len(),
            self.accounts.len(),
            self.members.len()
        )
    }

    fn question(&self, public: usize) -> Question {
        let mut text = format!("Revoke {}?", self.words());
        if !self.accounts.is_empty() {
            let names: Vec<_> = self.accounts.iter().map(|one| format!("{}/{}", one.network, one.handle)).collect();
            text.push_str(&format!(" {} have to be connected again afterwards.", names.join(", ")));
        }
        if public > 0 {
            text.push_str(&format!(
                " {public} of what was published since is still public there, and cannot be deleted from here then."
            ));
        }
        let keys = self.keys.iter().map(|key| key.api_key_id.to_string());
        let accounts = self.accounts.iter().map(|account| account.account_id.to_string());
        let members = self.members.iter().map(MemberId::to_string);
        let all: Vec<_> = keys.chain(accounts).chain(members).chain([public.to_string()]).collect();
        Question { text, version: data_encoding::HEXLOWER.encode(&sha256(all.join("\n").as_bytes())) }
    }

    fn revoked(self) -> CrisisRevoked {
        let message = format!("Revoked: {}. You come in as before.", self.words());
        let mut left = vec![
            "Programs on this machine need no key: close those that you do not trust.".to_owned(),
            "Who is invited and who is in: `allin member invitations`, `allin member list`.".to_owned(),
        ];
        if !self.accounts.is_empty() {
            left.insert(
                0,
                "The networks do not know of it: change the passwords there, and end other sign-ins.".to_owned(),
            );
        }
        CrisisRevoked {
            message,
            keys: self.keys.iter().map(|key| key.api_key_id).collect(),
            accounts: self.accounts.iter().map(|account| account.account_id).collect(),
            members: self.members,
            left,
        }
    }
}
