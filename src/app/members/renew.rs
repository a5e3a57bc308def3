//! A link by which a member sets a passphrase anew: for whoever has none, or forgot it. Admins are equal, so one may do
//! this for another; it takes the own proof, and the member and all Admins are told, before and after. A person who is
//! in other workspaces too is out of this one's reach: then only a mailbox that was proved to be theirs will do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{
        members::{
            self, admins,
            invite::{self, MemberInvited},
            known,
        },
        notifications::{
            letters,
            tell::{News, tell_members},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::MemberId,
    model::roles::Permission,
    store::{
        invitations::{self, Invitation, Which},
        members as people,
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassphraseRenew {
    pub member_id: MemberId,
}

impl UseCase for PassphraseRenew {
    type Input = Self;
    type Output = MemberInvited;
    type Form = Locally;
    const NAME: &'static str = "passphrase_renew";
    const NEEDS: Permission = Permission::ManageMembers;
    const EFFECT: Effect = Effect::Write;

    fn keep(output: &MemberInvited) -> Result<Value> {
        invite::without_link(output)
    }
}

impl Local for PassphraseRenew {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<MemberInvited> {
        let workspace = scope.ctx.workspace;
        let member = known(scope, input.member_id).await?;
        let inviter = members::own(scope).await?;
        let standing = people::standing(scope.tx, workspace, member.member_id).await?;
        let standing = standing.ok_or_else(|| Error::internal("a member without a person"))?;
        let by_mail = standing.email.is_some() && letters::possible(scope.app);
        if standing.elsewhere && !(by_mail && standing.proved) {
            return Err(shared(&member.display_name));
        }
        // One link at a time.
        let earlier = invitations::revoke(scope.tx, workspace, Which::For(member.member_id), scope.now).await?;
        invite::void(scope, &earlier).await?;
        let invitation = Invitation {
            invitation_id: scope.new_id(),
            again: true,
            member_id: Some(member.member_id),
            name: member.display_name.clone(),
            by_mail,
            email: standing.email,
            role: member.role,
            accounts: Vec::new(),
            invited_by: inviter.member_id,
            created_at: scope.now,
            expires_at: invite::usual_end(scope.now),
            attempts: 0,
            used_at: None,
            revoked_at: None,
        };
        scope.changed("invitation", invitation.invitation_id, json!({ "again": member.member_id, "by_mail": by_mail }));
        let mut told = admins(scope).await?;
        told.push(member.member_id);
        told.retain(|id| *id != inviter.member_id);
        let news = News {
            code: "passphrase_link",
            title: &format!("A new passphrase of {} was asked for", member.display_name),
            cause: &format!("{} made a link of single use for it.", inviter.display_name),
            next_step: "If that is not as it should be, revoke it with `allin member revoke-invitation` and ask them.",
        };
        tell_members(scope, &told, news).await?;
        let workspace = invite::workspace_name(scope).await?;
        let what =
            format!("{} made a link for you to set your passphrase anew, for {workspace}.", inviter.display_name);
        invite::issue(scope, invitation, &format!("Your passphrase on AllIN ({workspace})"), &what).await
    }
}

fn shared(name: &str) -> Error {
    Error::conflict(
        "person_shared",
        format!("{name} is in other workspaces too, where the passphrase would change as well."),
    )
    .next(
        "Who knows it changes it with `allin passphrase set`. Otherwise it takes mail to an address that the person joined \
         with: remove the member and invite the person anew, under an address of theirs.",
    )
}
