//! The invitations of a workspace, without their links.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, InvitationId, MemberId},
    model::{
        notifications::MailState,
        roles::{Permission, Role},
    },
    store::{
        accounts,
        invitations::{self, Invitation},
        letters, workspaces,
    },
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberInvitations {
    /// Those too that were used or revoked or have expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Invitations {
    /// Newest first, at most 200.
    pub invitations: Vec<InvitationView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum InvitationStatus {
    Open,
    Used,
    Revoked,
    Expired,
}

impl InvitationStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct InvitationView {
    pub id: InvitationId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub role: Role,
    /// `network/handle` of accounts that are granted with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    pub status: InvitationStatus,
    /// It sets the passphrase of a member anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The member that it is for, or that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    pub invited_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// What became of the mail with the link; missing when the link was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_problem: Option<String>,
}

impl UseCase for MemberInvitations {
    type Input = Self;
    type Output = Invitations;
    type Form = Locally;
    const NAME: &'static str = "member_invitations";
    const NEEDS: Permission = Permission::ReadInvitations;
    const EFFECT: Effect = Effect::Read;
}

impl Local for MemberInvitations {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Invitations> {
        let all = input.all.unwrap_or(false);
        let found = invitations::list(scope.tx, scope.ctx.workspace, all, scope.now).await?;
        Ok(Invitations { invitations: views(scope, found).await? })
    }
}

/// How many wrong passphrases one link takes.
pub(in crate::app) const ATTEMPTS_MAX: i32 = 5;

/// What has become of it by now.
pub(in crate::app) fn status(invitation: &Invitation, now: Timestamp) -> InvitationStatus {
    match invitation {
        Invitation { used_at: Some(_), .. } => InvitationStatus::Used,
        Invitation { revoked_at: Some(_), .. } => InvitationStatus::Revoked,
        _ if invitation.expires_at <= now || invitation.attempts >= ATTEMPTS_MAX => InvitationStatus::Expired,
        _ => InvitationStatus::Open,
    }
}

async fn views(scope: &mut Scope<'_>, found: Vec<Invitation>) -> Result<Vec<InvitationView>> {
    let workspace = scope.ctx.workspace;
    let members = workspaces::members(scope.tx, workspace).await?;
    let accounts = accounts::list(scope.tx, workspace, None).await?;
    let ids: Vec<_> = found.iter().map(|invitation| invitation.invitation_id.uuid()).collect();
    let mails = letters::states(scope.tx, workspace, &ids).await?;
    let now = scope.now;
    let view = |invitation: Invitation| {
        let mail = mails.iter().find(|(subject, ..)| *subject == invitation.invitation_id.uuid());
        let inviter = members.iter().find(|member| member.member_id == invitation.invited_by);
        let named =
            accounts.iter().filter(|account| invitation.accounts.contains(&AccountId::uuid(account.account_id)));
        InvitationView {
            id: invitation.invitation_id,
            status: status(&invitation, now),
            accounts: named.map(|account| format!("{}/{}", account.network, account.handle)).collect(),
            invited_by: inviter.map(|member| member.display_name.clone()).unwrap_or_default(),
            name: invitation.name,
            email: invitation.email,
            role: invitation.role,
            again: invitation.again,
            member_id: invitation.member_id,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            mail: mail.map(|(_, state, _)| *state),
            mail_problem: mail.and_then(|(.., problem)| problem.clone()),
        }
    };
    Ok(found.into_iter().map(view).collect())
}

pub(super) async fn one(scope: &mut Scope<'_>, id: InvitationId) -> Result<InvitationView> {
    let found = invitations::get(scope.tx, scope.ctx.workspace, id).await?;
    let found = views(scope, found.into_iter().collect()).await?.pop();
    found.ok_or_else(|| Error::internal("the invitation is gone"))
}
