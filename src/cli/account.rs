//! `allin account`.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Subcommand;
use secrecy::SecretString;

use crate::{
    app::{
        accounts::{
            change::AccountChange, finish_connect::AccountFinishConnect, grant::AccountGrant, list::AccountList,
            remove::AccountRemove, test::AccountTest,
        },
        ctx::Ctx,
        metrics::post::PostMetrics,
    },
    boot::Booted,
    cli::{asking, print},
    error::{Error, Result},
    ids::{AccountId, MemberId},
    model::networks::{KnownNetwork, NetworkId},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Account {
    /// List the connected accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Connect an account: bluesky or sandbox; the password is asked, or read from standard input
    Connect {
        network: KnownNetwork,
        /// Handle or e-mail address
        identifier: String,
        /// The account's server; default: the network's usual one
        #[arg(long)]
        server: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask the network whether an account still works
    Test {
        account: AccountId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how its own figures went: followers, posts
    Metrics {
        account: AccountId,
        /// How many days back; default: 90
        #[arg(long)]
        days: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change how late its posts may go out, or the zone of its local times
    Change {
        account: AccountId,
        /// Minutes after its time at which a post is held instead of sent
        #[arg(long)]
        tolerance: Option<i32>,
        /// IANA time zone; empty: the workspace's
        #[arg(long)]
        time_zone: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Disconnect an account: its token is forgotten
    Remove {
        account: AccountId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Let a member use an account
    Grant { account: AccountId, member: MemberId },
    /// Take that back
    Revoke { account: AccountId, member: MemberId },
}

impl Account {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::List { json } => {
                let found = app.call_once::<AccountList>(ctx, AccountList::default()).await?;
                print::either(json, &found, || AccountList::say(&found))
            }
            Self::Connect { network, identifier, server, json } => {
                let network = network.connectable()?;
                let password = password(network)?;
                let input = AccountFinishConnect { network, server, identifier, password, page: None };
                let connected = app.call_once::<AccountFinishConnect>(ctx, input).await?;
                print::either(json, &connected, || format!("{} ({})", connected.message, connected.account.id))
            }
            Self::Test { account, json } => {
                let tested = app.call_once::<AccountTest>(ctx, AccountTest { account_id: account }).await?;
                print::either(json, &tested, || AccountTest::say(&tested))
            }
            Self::Metrics { account, days, json } => {
                let input = PostMetrics { post_id: None, account_id: Some(account), days };
                let found = app.call_once::<PostMetrics>(ctx, input).await?;
                print::either(json, &found, || PostMetrics::say(&found))
            }
            Self::Change { account, tolerance, time_zone, json } => {
                let input = AccountChange { account_id: account, tolerance_minutes: tolerance, time_zone };
                let changed = app.call_once::<AccountChange>(ctx, input).await?;
                print::either(json, &changed, || changed.message.clone())
            }
            Self::Remove { account, yes } => {
                let input = AccountRemove { account_id: account };
                print::line(asking::<AccountRemove>(booted, ctx, input, yes).await?.message);
                Ok(())
            }
            Self::Grant { account, member } => grant(booted, ctx, account, member, true).await,
            Self::Revoke { account, member } => grant(booted, ctx, account, member, false).await,
        }
    }
}

/// Typed without being shown, or the first line of standard input.
fn password(network: NetworkId) -> Result<SecretString> {
    let unreadable =
        |error: std::io::Error| Error::invalid("password_unreadable", "No password could be read.").because(error);
    if std::io::stdin().is_terminal() {
        let prompt = match network {
            NetworkId::Bluesky => "App password: ",
            NetworkId::Sandbox => "Password: ",
        };
        return rpassword::prompt_password(prompt).map(SecretString::from).map_err(unreadable);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn grant(booted: &Booted, ctx: &Ctx, account_id: AccountId, member_id: MemberId, granted: bool) -> Result<()> {
    let done = booted.app.call_once::<AccountGrant>(ctx, AccountGrant { account_id, member_id, granted }).await?;
    print::line(done.message);
    Ok(())
}
