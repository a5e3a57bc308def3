//! Workspaces and who acts in them, made through the use cases.

use allin::{
    app::{
        accounts::{finish_connect::AccountFinishConnect, grant::AccountGrant},
        ctx::{Actor, Ctx, Origin},
        keys::create::KeyCreate,
        members::add::MemberAdd,
        people::{passphrase::PassphraseSet, proof},
        posts::{create::PostCreate, get::PostGet, schedule::PostSchedule, view::PostView},
        use_case::{CallOptions, Reply, UseCase},
        workspaces::create,
    },
    error::Result,
    ids::{AccountId, ApiKeyId, MemberId, PostId, WorkspaceId},
    model::{networks::NetworkId, posts::Message, roles::Role},
};
use secrecy::SecretString;

use super::TestApp;

/// Of everybody who proves to be somebody.
pub const PASSPHRASE: &str = "apple trees in deep snow";

/// A workspace with its first Admin.
#[derive(Debug, Clone, Copy)]
pub struct Team {
    pub workspace: WorkspaceId,
    pub admin: MemberId,
}

/// Through which door a member comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    CommandLine,
    Stdio,
    Http(ApiKeyId),
}

impl Team {
    pub fn ctx(&self, app: &TestApp, member: MemberId, door: Door) -> Ctx {
        let (actor, origin) = match door {
            Door::CommandLine => (Actor::Person { member }, Origin::CommandLine),
            Door::Stdio => (Actor::Connection { member, name: "test".into() }, Origin::Stdio),
            Door::Http(key) => (Actor::ApiKey { member, key }, Origin::Http),
        };
        Ctx { workspace: self.workspace, actor, origin, request: app.new_request() }
    }

    /// The Admin in person.
    pub fn person(&self, app: &TestApp) -> Ctx {
        self.ctx(app, self.admin, Door::CommandLine)
    }

    /// A connected program of the Admin.
    pub fn connection(&self, app: &TestApp) -> Ctx {
        self.ctx(app, self.admin, Door::Stdio)
    }
}

impl TestApp {
    /// In Berlin.
    pub async fn team(&self, name: &str) -> Team {
        let owned = create::create(&self.app, name, "Europe/Berlin", &format!("{name}'s owner"), None).await.unwrap();
        Team { workspace: owned.workspace, admin: owned.member }
    }

    /// Calls as the Admin, who proves it where that has become necessary.
    async fn by_admin<U: UseCase>(&self, team: &Team, input: U::Input) -> U::Output {
        match self.call_once::<U>(&team.person(self), input.clone()).await {
            Err(error) if error.code() == "proof_needed" => {
                let proven = self.proven(team, team.admin).await;
                self.call_once::<U>(&proven, input).await.unwrap()
            }
            done => done.unwrap(),
        }
    }

    pub async fn member(&self, team: &Team, role: Role) -> MemberId {
        self.member_called(team, &format!("A {}", role.as_str()), role).await
    }

    pub async fn member_called(&self, team: &Team, name: &str, role: Role) -> MemberId {
        let input = MemberAdd { name: name.into(), role };
        self.by_admin::<MemberAdd>(team, input).await.member.id
    }

    /// A key of a member: its id, and what the client sends.
    pub async fn key(&self, team: &Team, member: MemberId) -> (ApiKeyId, String) {
        let input = KeyCreate { name: "test".into(), member_id: Some(member), expires_in_days: None };
        let made = self.by_admin::<KeyCreate>(team, input).await;
        (made.id, made.key.unwrap())
    }

    /// The member in person, proved by a passphrase, which is set when there is none.
    pub async fn proven(&self, team: &Team, member: MemberId) -> Ctx {
        let ctx = team.ctx(self, member, Door::CommandLine);
        let input = PassphraseSet { passphrase: SecretString::from(PASSPHRASE) };
        // Refused when it is set.
        _ = self.call_once::<PassphraseSet>(&ctx, input).await;
        let actor = proof::prove(self, team.workspace, member, SecretString::from(PASSPHRASE)).await.unwrap();
        Ctx { actor, ..ctx }
    }

    /// An account on the sandbox.
    pub async fn account(&self, team: &Team, handle: &str) -> AccountId {
        let input = AccountFinishConnect {
            network: NetworkId::Sandbox,
            server: None,
            identifier: handle.into(),
            password: SecretString::from("correct horse"),
            page: None,
        };
        self.call_once::<AccountFinishConnect>(&team.person(self), input).await.unwrap().account.id
    }

    pub async fn grant(&self, team: &Team, account: AccountId, member: MemberId) {
        let input = AccountGrant { account_id: account, member_id: member, granted: true };
        self.by_admin::<AccountGrant>(team, input).await;
    }

    pub async fn draft(&self, ctx: &Ctx, text: &str, accounts: &[AccountId]) -> PostView {
        self.call_once::<PostCreate>(ctx, draft(&[text], accounts)).await.unwrap().post
    }

    pub async fn scheduled(&self, ctx: &Ctx, text: &str, accounts: &[AccountId], at: &str) -> PostView {
        let post = self.draft(ctx, text, accounts).await;
        self.call_once::<PostSchedule>(ctx, schedule(post.id, at)).await.unwrap().post
    }

    pub async fn scheduled_again(&self, ctx: &Ctx, post: PostId, at: &str) -> PostView {
        self.call_once::<PostSchedule>(ctx, schedule(post, at)).await.unwrap().post
    }

    pub async fn post(&self, ctx: &Ctx, id: PostId) -> PostView {
        self.call_once::<PostGet>(ctx, PostGet { post_id: id }).await.unwrap().post
    }

    /// Calls a use case that may ask, with a yes. Whether it worked.
    pub async fn agreed_if_asked<U: UseCase>(&self, ctx: &Ctx, input: U::Input) -> bool {
        match self.call::<U>(ctx, input.clone(), CallOptions::default()).await {
            Ok(Reply::Ask(asked)) => {
                let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
                self.call::<U>(ctx, input, options).await.is_ok()
            }
            done => done.is_ok(),
        }
    }

    /// Calls a use case that asks, with a yes.
    pub async fn agreed<U: UseCase>(&self, ctx: &Ctx, input: U::Input) -> Result<U::Output> {
        let reply = self.call::<U>(ctx, input.clone(), CallOptions::default()).await?;
        let Reply::Ask(asked) = reply else { panic!("{} did not ask", U::NAME) };
        let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
        self.call::<U>(ctx, input, options).await?.done()
    }
}

pub fn message(text: &str) -> Message {
    Message { text: text.into(), media: Vec::new() }
}

pub fn draft(texts: &[&str], accounts: &[AccountId]) -> PostCreate {
    PostCreate {
        segments: texts.iter().map(|text| message(text)).collect(),
        account_ids: accounts.to_vec(),
        ..PostCreate::default()
    }
}

pub fn schedule(post_id: PostId, at: &str) -> PostSchedule {
    PostSchedule { post_id, at: at.into(), time_zone: None, account_ids: Vec::new() }
}
