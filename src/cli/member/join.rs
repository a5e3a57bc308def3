//! `allin member join`: the page of an invitation, at a terminal.

use clap::Args;

use crate::{
    app::{
        ctx::{Ctx, Origin},
        people::join::{self, Asks, Given, Open},
    },
    boot::Booted,
    cli::{passphrase, print},
    error::{Error, Result},
    model::privacy::Purpose,
};

#[derive(Args)]
pub struct Join {
    /// The link, or what follows `/join/` in it
    link: String,
    /// Your name, where it is not the one in the invitation
    #[arg(long)]
    name: Option<String>,
    /// Join as the person that you are in the present workspace, with the same passphrase
    #[arg(long)]
    as_me: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Join {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        let token = self.link.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let open = join::find(app, &token).await?.ok_or_else(join::over)?;
        if !self.json {
            print::line(greeting(&open));
        }
        let has_one = self.as_me || open.asks() == Asks::Known;
        let asked = tokio::task::spawn_blocking(move || if has_one { passphrase::ask() } else { passphrase::new() });
        let passphrase = asked.await.map_err(Error::internal)??;
        let member = ctx.member().filter(|_| self.as_me).map(|member| (ctx.workspace, member));
        // A new one was compared while it was typed.
        let given = Given { name: self.name, once_more: passphrase.clone(), passphrase, member };
        let joined = join::join(app, &token, Origin::CommandLine, given).await?;
        print::either(self.json, &joined, || format!("{}\n{}", joined.message, joined.next.join("\n")))
    }
}

fn greeting(open: &Open) -> String {
    match open.asks() {
        Asks::Again => format!("{} made this link for {}, in {}.", open.inviter, open.name(), open.workspace_name),
        Asks::Newcomer | Asks::Known => {
            format!(
                "{} invites you to {}, as {}.\n{} By joining you agree to that.",
                open.inviter,
                open.workspace_name,
                open.role().as_str(),
                Purpose::Processing.notice().text
            )
        }
    }
}
