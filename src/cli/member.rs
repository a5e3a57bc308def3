//! `allin member`.

mod join;

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        members::{
            activity::MemberActivity,
            add::MemberAdd,
            change::MemberChange,
            email::MemberEmail,
            hand_over::MemberHandOver,
            invitations::MemberInvitations,
            invite::{MemberInvite, MemberInvited},
            leave::MemberLeave,
            list::MemberList,
            renew::PassphraseRenew,
            revoke::InvitationRevoke,
        },
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{AccountId, InvitationId, MemberId},
    model::roles::Role,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Member {
    /// List the members, with the accounts that were granted to them
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Invite somebody by a link of single use; with an address it is mailed, where mail can be sent
    Invite(Invite),
    /// List the invitations that are open
    Invitations {
        /// Those too that were used or revoked or have expired
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the link of an invitation useless
    RevokeInvitation { invitation: InvitationId },
    /// Join by the link of an invitation, or set your passphrase by one
    Join(join::Join),
    /// Add a member without an invitation: viewer, contributor, publisher, manager or admin
    Add {
        name: String,
        #[arg(long, default_value = "contributor")]
        role: Role,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a member's role
    Role { member: MemberId, role: Role },
    /// Set the address to which a member's notifications are mailed; without an address it is taken away
    Email { member: MemberId, address: Option<String> },
    /// Show what a member did, newest first; without a member, what you did
    Activity {
        member: Option<MemberId>,
        /// Days to count
        #[arg(long)]
        days: Option<u32>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a member; keys and connections of theirs stop working
    Remove {
        member: MemberId,
        /// Who goes on with the member's posts, series and recycling
        #[arg(long, value_name = "MEMBER")]
        hand_over_to: Option<MemberId>,
    },
    /// Let another member go on with somebody's posts, series and recycling, also after that member has left
    HandOver { from: MemberId, to: MemberId },
    /// Leave the workspace
    Leave {
        /// Who goes on with your posts, series and recycling
        #[arg(long, value_name = "MEMBER")]
        hand_over_to: Option<MemberId>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(clap::Args)]
pub struct Invite {
    /// Who is invited
    #[arg(required_unless_present = "again")]
    name: Option<String>,
    #[arg(long, default_value = "contributor")]
    role: Role,
    /// Mail the link there
    #[arg(long)]
    email: Option<String>,
    /// An account that they may use from the start; may be repeated
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<AccountId>,
    /// Days until the link ends, at most 30; default 7
    #[arg(long)]
    days: Option<u32>,
    /// A link by which this member sets a passphrase anew
    #[arg(long, value_name = "MEMBER", conflicts_with_all = ["name", "role", "email", "accounts", "days"])]
    again: Option<MemberId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Member {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::List { json } => {
                let found = app.call_once::<MemberList>(ctx, MemberList {}).await?;
                print::either(json, &found, || MemberList::say(&found))
            }
            Self::Invite(invite) => invite.run(booted, ctx).await,
            Self::Invitations { all, json } => {
                let input = MemberInvitations { all: Some(all) };
                let found = app.call_once::<MemberInvitations>(ctx, input).await?;
                print::either(json, &found, || MemberInvitations::say(&found))
            }
            Self::RevokeInvitation { invitation } => {
                let input = InvitationRevoke { invitation_id: invitation };
                print::line(app.call_once::<InvitationRevoke>(ctx, input).await?.message);
                Ok(())
            }
            Self::Join(join) => join.run(booted, ctx).await,
            Self::Add { name, role, json } => {
                let added = app.call_once::<MemberAdd>(ctx, MemberAdd { name, role }).await?;
                print::either(json, &added, || added.message.clone())
            }
            Self::Role { member, role } => change(booted, ctx, member, Some(role), None).await,
            Self::Email { member, address } => {
                let input = MemberEmail { member_id: member, email: address };
                print::line(app.call_once::<MemberEmail>(ctx, input).await?.message);
                Ok(())
            }
            Self::Activity { member, days, limit, cursor, json } => {
                let input = MemberActivity { member_id: member, days, limit, cursor };
                let found = app.call_once::<MemberActivity>(ctx, input).await?;
                print::either(json, &found, || MemberActivity::say(&found))
            }
            Self::Remove { member, hand_over_to } => change(booted, ctx, member, None, hand_over_to).await,
            Self::HandOver { from, to } => {
                let input = MemberHandOver { member_id: from, hand_over_to: to };
                print::line(app.call_once::<MemberHandOver>(ctx, input).await?.message);
                Ok(())
            }
            Self::Leave { hand_over_to, yes } => {
                let left = super::asking::<MemberLeave>(booted, ctx, MemberLeave { hand_over_to }, yes).await?;
                print::line(left.message);
                Ok(())
            }
        }
    }
}

impl Invite {
    async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        // Links lead to where people reach `allin serve`.
        if let Some(url) = &booted.config.public_url {
            app.set_pages_url(url.clone());
        }
        let invited = match self.again {
            Some(member_id) => app.call_once::<PassphraseRenew>(ctx, PassphraseRenew { member_id }).await?,
            None => {
                let input = MemberInvite {
                    name: self.name.unwrap_or_default(),
                    role: self.role,
                    email: self.email.clone(),
                    account_ids: self.accounts,
                    expires_in_days: self.days,
                };
                app.call_once::<MemberInvite>(ctx, input).await?
            }
        };
        let unmailed = self.email.is_some() && invited.link.is_some();
        print::either(self.json, &invited, || text(&invited, unmailed))
    }
}

fn text(invited: &MemberInvited, unmailed: bool) -> String {
    let mut text = match &invited.link {
        Some(link) => format!("{}\n{link}", invited.message),
        None => invited.message.clone(),
    };
    if unmailed {
        text.push_str("\nIt was not mailed: that takes ALLIN_SMTP_URL, ALLIN_MAIL_FROM and ALLIN_PUBLIC_URL.");
    }
    text
}

async fn change(
    booted: &Booted,
    ctx: &Ctx,
    member_id: MemberId,
    role: Option<Role>,
    hand_over_to: Option<MemberId>,
) -> Result<()> {
    let input = MemberChange { member_id, role, hand_over_to };
    print::line(booted.app.call_once::<MemberChange>(ctx, input).await?.message);
    Ok(())
}
