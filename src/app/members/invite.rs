//! Invite somebody by a link of single use. Where mail can be sent and an address is given, the link goes there and
//! nowhere else, so that whoever follows it is known to read that mailbox; otherwise it is shown once, here.

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{
        accounts::known as known_account,
        members::{
            self,
            invitations::{self as listed, InvitationView},
            link,
        },
        notifications::letters::{self, Letter},
        plans,
        use_case::{Effect, Local, Locally, Scope, UseCase},
        workspaces::create::check_name,
    },
    clients::mail::check_address,
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, InvitationId},
    model::{
        letters::LetterKind,
        plans::Limit,
        roles::{Permission, Role},
        times,
    },
    store::{
        invitations::{self, Invitation},
        members as people, tokens, workspaces,
    },
    vault::{new_token, sha256},
};

/// Days that a link holds unless somebody says otherwise, and at most.
const DAYS: u32 = 7;
const DAYS_MOST: u32 = 30;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberInvite {
    pub name: String,
    pub role: Role,
    /// The link is mailed there, where mail can be sent.
    #[serde(default)]
    pub email: Option<String>,
    /// Accounts that a Publisher or Contributor may use from the start.
    #[serde(default)]
    pub account_ids: Vec<AccountId>,
    /// Days until the link ends: 1 to 30. Default: 7.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

/// Never the result of a tool.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberInvited {
    pub message: String,
    pub invitation: InvitationView,
    /// To be handed to that person; shown once. Missing when it was mailed, and when the call is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl UseCase for MemberInvite {
    type Input = Self;
    type Output = MemberInvited;
    type Form = Locally;
    const NAME: &'static str = "member_invite";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Write;

    fn keep(output: &MemberInvited) -> Result<Value> {
        without_link(output)
    }
}

/// The link is a secret: it is shown, and never stored.
pub(super) fn without_link(output: &MemberInvited) -> Result<Value> {
    let message = "This was done already; a link is shown only once. Revoke the invitation for a new one.".into();
    serde_json::to_value(MemberInvited { link: None, message, ..output.clone() }).map_err(Error::internal)
}

impl Local for MemberInvite {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MemberInvited> {
        check_name("name", &input.name)?;
        members::not_above(scope, input.role)?;
        plans::room(scope, Limit::Users).await?;
        let email = address(input.email.as_deref())?;
        if let Some(email) = &email {
            not_here_yet(scope, email).await?;
        }
        for account in &input.account_ids {
            known_account(scope, *account).await?;
        }
        let days = input.expires_in_days.unwrap_or(DAYS);
        if !(1..=DAYS_MOST).contains(&days) {
            return Err(Error::invalid("expiry_invalid", format!("A link holds for 1 to {DAYS_MOST} days."))
                .field("expires_in_days", format!("1 to {DAYS_MOST}")));
        }
        let inviter = members::own(scope).await?;
        let invitation = Invitation {
            invitation_id: scope.new_id(),
            again: false,
            member_id: None,
            name: input.name.trim().to_owned(),
            by_mail: email.is_some() && letters::possible(scope.app),
            email,
            role: input.role,
            accounts: input.account_ids.iter().map(|account| account.uuid()).collect(),
            invited_by: inviter.member_id,
            created_at: scope.now,
            expires_at: scope.now.plus_secs(i64::from(days) * 24 * 3600),
            attempts: 0,
            used_at: None,
            revoked_at: None,
        };
        let how = json!({ "role": input.role, "accounts": input.account_ids, "by_mail": invitation.by_mail });
        scope.changed("invitation", invitation.invitation_id, how);
        let workspace = workspace_name(scope).await?;
        let what = format!(
            "{} invites you to the workspace {workspace} on AllIN, as {}.",
            inviter.display_name,
            invitation.role.as_str()
        );
        let title = format!("{} invites you to {workspace}", inviter.display_name);
        issue(scope, invitation, &title, &what).await
    }
}

/// Writes the invitation, and sends its link on its way.
pub(super) async fn issue(
    scope: &mut Scope<'_>,
    invitation: Invitation,
    title: &str,
    what: &str,
) -> Result<MemberInvited> {
    let (workspace, id) = (scope.ctx.workspace, invitation.invitation_id);
    let token = new_token("join");
    invitations::insert(scope.tx, workspace, &invitation).await?;
    let hash = sha256(token.expose_secret().as_bytes());
    tokens::add(scope.tx, tokens::TokenKind::Invitation, &hash, workspace, id.uuid()).await?;
    let until = times::spoken(invitation.expires_at, &scope.entered.time_zone);
    let mailed_to = invitation.email.clone().filter(|_| invitation.by_mail);
    let link = match &mailed_to {
        Some(address) => {
            mail(scope, &invitation, address, title, what, &token).await?;
            None
        }
        None => Some(link(scope, &token)?),
    };
    let message = match mailed_to {
        Some(address) => format!(
            "The link is mailed to {address}, and to nobody else. It works once, until {until}. `allin member invitations` \
             tells whether the mail was sent; `allin member revoke-invitation {id}` makes the link useless."
        ),
        None => format!(
            "Hand this link to {}, and to nobody else. It works once, until {until}, while `allin serve` runs at its \
             address; `allin member join LINK` does the same at a terminal. It is shown only now; \
             `allin member revoke-invitation {id}` makes it useless.",
            invitation.name
        ),
    };
    Ok(MemberInvited { message, invitation: listed::one(scope, id).await?, link })
}

async fn mail(
    scope: &mut Scope<'_>,
    invitation: &Invitation,
    address: &str,
    title: &str,
    what: &str,
    token: &SecretString,
) -> Result<()> {
    let until = times::spoken(invitation.expires_at, &scope.entered.time_zone);
    let letter = Letter {
        kind: LetterKind::Invitation,
        subject_id: invitation.invitation_id.uuid(),
        name: &invitation.name,
        address,
        title: title.to_owned(),
        opening: format!("Hello {},\n\n{what} This page takes it from there:\n", invitation.name),
        closing: format!(
            "\nThe link works once, until {until}. It is meant for you alone: whoever has it can use it.\n\
             If you expected nothing of the kind, leave it.\n"
        ),
        token,
        expires_at: invitation.expires_at,
    };
    letters::write(scope, letter).await
}

fn address(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    check_address(text)?;
    Ok(Some(text.to_owned()))
}

/// Who is a member needs no invitation. Says nothing of people who are elsewhere.
async fn not_here_yet(scope: &mut Scope<'_>, email: &str) -> Result<()> {
    let workspace = scope.ctx.workspace;
    for member in workspaces::members(scope.tx, workspace).await?.iter().filter(|member| member.removed_at.is_none()) {
        let standing = people::standing(scope.tx, workspace, member.member_id).await?;
        let own = standing.and_then(|standing| standing.email);
        if own.is_some_and(|own| own.eq_ignore_ascii_case(email)) {
            return Err(Error::conflict(
                "already_member",
                format!("{} is a member already, with this address.", member.display_name),
            )
            .next(format!("For a new passphrase: `allin member invite --again {}`.", member.member_id))
            .field("email", "is a member's"));
        }
    }
    Ok(())
}

pub(super) async fn workspace_name(scope: &mut Scope<'_>) -> Result<String> {
    let found = workspaces::get(scope.tx, scope.ctx.workspace).await?;
    found.map(|workspace| workspace.name).ok_or_else(|| Error::internal("the workspace is gone"))
}

/// When a link that is made now ends unless somebody says otherwise.
pub(super) fn usual_end(now: Timestamp) -> Timestamp {
    now.plus_secs(i64::from(DAYS) * 24 * 3600)
}

/// Makes the links of these invitations useless, and keeps their letters from being sent.
pub(in crate::app) async fn void(scope: &mut Scope<'_>, ids: &[InvitationId]) -> Result<()> {
    for id in ids {
        tokens::drop_of(scope.tx, scope.ctx.workspace, id.uuid()).await?;
        crate::store::letters::withdraw(scope.tx, scope.ctx.workspace, id.uuid(), "the invitation was revoked").await?;
    }
    Ok(())
}
