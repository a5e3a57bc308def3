//! Join a workspace by the link of an invitation, or set a passphrase anew by one. Not behind the gate: whoever holds the
//! link is no member yet, or cannot prove to be one. The link is the right; it is spent by success, by five wrong
//! passphrases, by its end and by whoever revokes it, and all of these look the same.

use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        gate::record,
        members::{
            admins,
            invitations::{InvitationStatus, status},
        },
        notifications::tell::{News, tell_members},
        people::{known::Known, passphrase},
        plans,
        privacy::consents,
        use_case::Scope,
        workspaces::create::check_name,
    },
    error::{Error, Result},
    ids::{InvitationId, MemberId, PersonId, WorkspaceId},
    model::{
        plans::Limit,
        roles::{Permission, Role},
    },
    store::{
        accounts,
        db::{Entrance, Tx},
        invitations::{self, Invitation},
        letters, members,
        people::{self, PersonKeyRow},
        tokens::{self, TokenKind},
        workspaces,
    },
    vault::sha256,
};

/// What a link is good for.
pub struct Open {
    pub(super) workspace: WorkspaceId,
    pub(super) invitation: Invitation,
    pub workspace_name: String,
    pub inviter: String,
    /// Whom the address belongs to.
    pub(super) person: Option<(PersonId, Option<PersonKeyRow>)>,
}

/// What the person is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// A name and a new passphrase.
    Newcomer,
    /// The passphrase that this person has already.
    Known,
    /// A new passphrase, and nothing else.
    Again,
}

impl Open {
    pub fn asks(&self) -> Asks {
        match &self.person {
            _ if self.invitation.again => Asks::Again,
            Some((_, Some(_))) => Asks::Known,
            _ => Asks::Newcomer,
        }
    }

    pub fn name(&self) -> &str {
        &self.invitation.name
    }

    pub fn email(&self) -> Option<&str> {
        self.invitation.email.as_deref()
    }

    pub fn role(&self) -> Role {
        self.invitation.role
    }

    /// The person whose mailbox the link came to. One without a passphrase sets the first, if the mailbox says who it is.
    fn invited(&self) -> Option<PersonId> {
        let (person, key) = self.person.as_ref()?;
        (key.is_some() || self.invitation.by_mail).then_some(*person)
    }
}

/// What somebody who follows the link gives.
pub struct Given {
    /// Left out: as in the invitation.
    pub name: Option<String>,
    pub passphrase: SecretString,
    /// Typed a second time; a new one takes that.
    pub once_more: SecretString,
    /// Somebody who is a member elsewhere in this installation, and joins as the same person.
    pub member: Option<(WorkspaceId, MemberId)>,
}

/// What came of it.
#[derive(Debug, serde::Serialize)]
pub struct Joined {
    pub message: String,
    /// What to do now, each a sentence.
    pub next: Vec<String>,
    pub workspace: WorkspaceId,
    pub member: MemberId,
    pub role: Role,
}

/// Looks at a link. Changes nothing, so that whatever opens it ahead of the person does no harm.
pub async fn find(app: &App, token: &str) -> Result<Option<Open>> {
    let mut tx = app.db.begin().await?;
    let found = tokens::find(&mut tx, TokenKind::Invitation, &sha256(token.as_bytes())).await?;
    tx.finish_read();
    let Some((workspace, id)) = found else { return Ok(None) };
    let now = app.now();
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    let invitation = invitations::get(&mut tx, workspace, InvitationId(id)).await?;
    let open = match invitation.filter(|invitation| status(invitation, now) == InvitationStatus::Open) {
        None => None,
        Some(invitation) => {
            let name = workspaces::get(&mut tx, workspace).await?.map(|workspace| workspace.name);
            let person = people::invited(&mut tx, workspace, invitation.invitation_id).await?;
            let inviter = stands(&mut tx, workspace, &invitation).await?;
            inviter.zip(name).map(|(inviter, workspace_name)| Open {
                workspace,
                invitation,
                workspace_name,
                inviter,
                person,
            })
        }
    };
    tx.finish_read();
    Ok(open)
}

/// The inviter's name, if that member could still invite so today.
async fn stands(tx: &mut Tx, workspace: WorkspaceId, invitation: &Invitation) -> Result<Option<String>> {
    let all = workspaces::members(tx, workspace).await?;
    let inviter = all.into_iter().find(|member| member.member_id == invitation.invited_by);
    Ok(inviter
        .filter(|member| {
            let role = member.role;
            member.removed_at.is_none() && role.has(Permission::ManageMembers) && role >= invitation.role
        })
        .map(|member| member.display_name))
}

/// Uses a link up.
pub async fn join(app: &App, token: &str, origin: Origin, given: Given) -> Result<Joined> {
    let open = find(app, token).await?.ok_or_else(over)?;
    let known = match (open.asks(), given.member) {
        (Asks::Again, _) => None,
        (_, Some((workspace, member))) => {
            Some(Known::elsewhere(app, &open, workspace, member, given.passphrase.clone()).await?)
        }
        (Asks::Known, None) => Some(Known::invited(app, &open, given.passphrase.clone()).await?),
        (Asks::Newcomer, None) => None,
    };
    let name = given.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(open.name()).to_owned();
    check_name("name", &name)?;
    let new = match known {
        Some(_) => None,
        None => Some(passphrase::typed_twice(given.passphrase, &given.once_more)?),
    };
    let now = app.now();
    let (workspace, id) = (open.workspace, open.invitation.invitation_id);
    let (mut tx, entered) = app.decider().await?.tenant(workspace, Entrance::System, now).await?;
    // Whoever comes second waits here, and then finds it spent.
    let locked = invitations::lock(&mut tx, workspace, id).await?;
    let locked = locked.filter(|invitation| status(invitation, now) == InvitationStatus::Open);
    let invitation = locked.ok_or_else(over)?;
    if stands(&mut tx, workspace, &invitation).await?.is_none() {
        return Err(over());
    }
    let member = match invitation.member_id.filter(|_| invitation.again) {
        Some(member) => present(&mut tx, workspace, member).await?,
        None => {
            let person = known.as_ref().map(Known::person).or_else(|| open.invited());
            enter(app, &mut tx, workspace, &invitation, person, &name).await?
        }
    };
    let ctx = Ctx { workspace, actor: Actor::Person { member }, origin, request: app.new_request() };
    let mut scope = Scope::new(app, &ctx, &mut tx, &entered, now);
    if let Some(new) = new {
        passphrase::store(&mut scope, member, new).await?;
    }
    if let Some(email) = invitation.email.as_deref().filter(|_| invitation.by_mail) {
        members::prove_email(scope.tx, workspace, member, email).await?;
    }
    invitations::set_used(scope.tx, workspace, id, member, now).await?;
    tokens::drop_of(scope.tx, workspace, id.uuid()).await?;
    letters::withdraw(scope.tx, workspace, id.uuid(), "its link was used").await?;
    announce(&mut scope, &invitation, member, &name).await?;
    let how = json!({ "invitation": id, "role": invitation.role, "again": invitation.again });
    scope.changed("member", member, how);
    let changes = Value::Array(std::mem::take(&mut scope.changes));
    let use_case = if invitation.again { "passphrase_renewed" } else { "member_join" };
    record(app, &ctx, &mut tx, now, use_case, "done", &changes).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(said(app, &open, member))
}

async fn present(tx: &mut Tx, workspace: WorkspaceId, member: MemberId) -> Result<MemberId> {
    let all = workspaces::members(tx, workspace).await?;
    let present = all.iter().any(|one| one.member_id == member && one.removed_at.is_none());
    if present { Ok(member) } else { Err(over()) }
}

/// Makes the membership, with what was promised.
async fn enter(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    invitation: &Invitation,
    person: Option<PersonId>,
    name: &str,
) -> Result<MemberId> {
    let now = app.now();
    plans::room_in(tx, workspace, now, Limit::Users).await?;
    let person = match person {
        Some(person) => person,
        None => {
            let person = PersonId(app.ids.next(now));
            workspaces::insert_person(tx, person, name, now).await?;
            person
        }
    };
    let fresh = MemberId(app.ids.next(now));
    let member = members::join(tx, workspace, fresh, person, name, invitation.role, now).await?.ok_or_else(|| {
        Error::conflict("already_member", "You are a member of this workspace already.")
            .next("Nothing has to be done; the link stays as it was.")
    })?;
    let wanted = |id: &Uuid| invitation.accounts.contains(id);
    for account in accounts::list(tx, workspace, None).await?.iter().filter(|one| wanted(&one.account_id.uuid())) {
        accounts::grant(tx, workspace, account.account_id, member, now).await?;
    }
    Ok(member)
}

async fn announce(scope: &mut Scope<'_>, invitation: &Invitation, member: MemberId, name: &str) -> Result<()> {
    let mut told = admins(scope).await?;
    if !invitation.again {
        consents::joined(scope, member).await?;
        told.retain(|id| *id != member);
        let news = News {
            code: "member_joined",
            title: &format!("{name} has joined"),
            cause: &format!("The invitation as {} was used.", invitation.role.as_str()),
            next_step: "For a client over HTTP they need a key: `allin key create --member MEMBER`.",
        };
        return tell_members(scope, &told, news).await;
    }
    told.push(member);
    let news = News {
        code: "passphrase_renewed",
        title: &format!("The passphrase of {} was set anew", invitation.name),
        cause: "It was done by the link that an Admin had made; the earlier passphrase works no more.",
        next_step: "If that was not you, or not meant, have the member removed and look at the audit log.",
    };
    tell_members(scope, &told, news).await
}

fn said(app: &App, open: &Open, member: MemberId) -> Joined {
    let (invitation, inviter) = (&open.invitation, &open.inviter);
    let mcp = app.pages_url().and_then(|base| base.join("mcp").ok());
    let address = mcp.map_or_else(|| "the address of `allin serve`".to_owned(), |url| url.to_string());
    let keep = "The passphrase is stored nowhere: keep it where you keep others.".to_owned();
    let (message, next) = if invitation.again {
        ("Your passphrase is set anew; the earlier one works no more.".to_owned(), vec![keep])
    } else {
        let key = format!(
            "For an assistant or program of yours, ask {inviter} for a key (`allin key create --member {member}`), and let it \
             connect to {address} with the header `Authorization: Bearer KEY`."
        );
        let terminal = format!(
            "On the machine that runs AllIN: `ALLIN_WORKSPACE={} ALLIN_MEMBER={member}` before a command.",
            open.workspace
        );
        (format!("You are {} in {} now.", invitation.role.as_str(), open.workspace_name), vec![keep, key, terminal])
    };
    Joined { message, next, workspace: open.workspace, member, role: invitation.role }
}

/// Used, revoked, expired, tried too often, or never made.
pub fn over() -> Error {
    Error::not_found("link_over", "This link is over: it was used or revoked, has expired, or never was one.")
        .next("Ask whoever invited you for a new one.")
}
