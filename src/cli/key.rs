//! `allin key`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        keys::{create::KeyCreate, list::KeyList, revoke::KeyRevoke},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{ApiKeyId, MemberId},
};

#[derive(Subcommand)]
pub enum Key {
    /// Make a key for an HTTP client; it is shown once
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// Whose rights it has; default: yours
        #[arg(long)]
        member: Option<MemberId>,
        /// Days until it stops working
        #[arg(long)]
        expires_in_days: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the keys, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a key useless at once
    Revoke { key: ApiKeyId },
}

impl Key {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Create { name, member, expires_in_days, json } => {
                let created =
                    app.call_once::<KeyCreate>(ctx, KeyCreate { name, member_id: member, expires_in_days }).await?;
                print::either(json, &created, || {
                    format!(
                        "{}\n{}\nSend it as `Authorization: Bearer <key>`.",
                        created.message,
                        created.key.clone().unwrap_or_default()
                    )
                })
            }
            Self::List { json } => {
                let found = app.call_once::<KeyList>(ctx, KeyList {}).await?;
                print::either(json, &found, || {
                    let line = |key: &crate::app::keys::list::KeyView| {
                        let state = if key.revoked_at.is_some() { "revoked" } else { "in use" };
                        format!("{}  {}…  {}  {state}  for {}", key.id, key.prefix, key.name, key.member_id)
                    };
                    if found.keys.is_empty() {
                        "No keys.".into()
                    } else {
                        found.keys.iter().map(line).collect::<Vec<_>>().join("\n")
                    }
                })
            }
            Self::Revoke { key } => {
                let revoked = app.call_once::<KeyRevoke>(ctx, KeyRevoke { key_id: key }).await?;
                print::line(revoked.message);
                Ok(())
            }
        }
    }
}
