//! Workspaces in a measurement's home.

use std::io::Write as _;

use allin::{
    app::{
        ctx::{Actor, Ctx, Origin},
        workspaces::create,
    },
    boot::Booted,
    error::Result,
};

/// One without documents, for its Admin.
pub async fn workspace(booted: &Booted, name: &str) -> Result<Ctx> {
    let owned = create::create(&booted.app, name, "UTC", "Anna", None).await?;
    Ok(Ctx {
        workspace: owned.workspace,
        actor: Actor::Person { member: owned.member },
        origin: Origin::CommandLine,
        request: booted.app.new_request(),
    })
}

/// How far it is, for whoever waits.
pub fn tell(text: &str) {
    _ = writeln!(std::io::stderr(), "{text}");
}
