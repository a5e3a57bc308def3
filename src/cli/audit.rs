//! `allin audit`.

use std::io::Write as _;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::{
    app::{
        audit::{
            export::AuditExport,
            seal::seal_workspace,
            verify::{Verified, broken, verify, workspaces_after},
        },
        ctx::Ctx,
    },
    boot::Booted,
    cli::print,
    config::Config,
    error::{Error, Result},
    ids::WorkspaceId,
    vault::{PublicKey, public_half, public_key_id},
};

#[derive(Subcommand)]
pub enum Audit {
    /// Verify the log: every entry, the signed head, and the heads kept outside the database
    Verify {
        /// The logs of all workspaces
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the log as JSON Lines, with what recomputes its chain
    Export {
        /// From this local time or instant on
        #[arg(long)]
        since: Option<String>,
        /// Before this local time or instant
        #[arg(long)]
        until: Option<String>,
        /// A member's id, or a whole actor
        #[arg(long)]
        actor: Option<String>,
        /// Such as post_publish
        #[arg(long)]
        use_case: Option<String>,
    },
    /// Print the public key that checks heads and receipts
    Key {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub const fn prints_only(&self) -> bool {
        matches!(self, Self::Key { .. })
    }

    /// Needs no database.
    pub fn print(self, config: &Config) -> Result<()> {
        let Self::Key { json } = self else { return Ok(()) };
        let key = home_key(config)?;
        let hex = data_encoding::HEXLOWER.encode(key.as_bytes());
        print::either(json, &json!({ "key": hex, "key_id": public_key_id(&key) }), || hex.clone())
    }

    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        match self {
            Self::Verify { all: false, json } => {
                let verified = verified(booted, ctx.workspace).await?;
                print::either(json, &verified, || said(&verified))?;
                if verified.broken.is_empty() { Ok(()) } else { Err(broken()) }
            }
            Self::Verify { all: true, json } => verify_all(booted, json).await,
            Self::Export { since, until, actor, use_case } => {
                seal_workspace(&booted.app, ctx.workspace).await?;
                export(booted, ctx, AuditExport { actor, use_case, since, until, cursor: None }).await
            }
            Self::Key { .. } => Ok(()),
        }
    }
}

/// The public key of this home.
pub(super) fn home_key(config: &Config) -> Result<PublicKey> {
    let secret = config.home.secret("audit.key")?.ok_or_else(|| {
        Error::operator("key_missing", "This home has no audit key yet.")
            .next("AllIN makes it when it is first started; or give another installation's public key with --key.")
    })?;
    Ok(public_half(&secret))
}

async fn verified(booted: &Booted, workspace: WorkspaceId) -> Result<Verified> {
    // What was written a moment ago, or by a process that was killed.
    seal_workspace(&booted.app, workspace).await?;
    verify(&booted.app, workspace).await
}

async fn verify_all(booted: &Booted, json: bool) -> Result<()> {
    let (mut workspaces, mut problems, mut entries) = (Vec::new(), Vec::new(), 0);
    let mut after = None;
    loop {
        let page = workspaces_after(&booted.app, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for workspace in page {
            let found = verified(booted, workspace).await?;
            if !json {
                print::line(format!("{workspace}: {}", said(&found).trim_end()));
            }
            entries += found.entries;
            problems.extend(found.broken.iter().cloned().map(|problem| of_workspace(workspace, problem)));
            workspaces.push(json!({ "workspace": workspace, "verified": found }));
        }
    }
    if json {
        print::json(&json!({ "entries": entries, "broken": problems, "workspaces": workspaces }))?;
    }
    if problems.is_empty() { Ok(()) } else { Err(broken()) }
}

fn of_workspace(workspace: WorkspaceId, mut problem: Value) -> Value {
    if let Some(fields) = problem.as_object_mut() {
        fields.insert("workspace".into(), json!(workspace));
    }
    problem
}

fn said(verified: &Verified) -> String {
    let mut text = format!(
        "{} entries, {} broken; {} signed heads outside agree, up to entry {}.",
        verified.entries,
        verified.broken.len(),
        verified.heads,
        verified.vouched_until
    );
    for problem in &verified.broken {
        let words = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let position = problem.get("position").and_then(Value::as_i64).unwrap_or(0);
        text.push_str(&format!("\n  At {position}: {}. {}", words("problem"), words("means")));
    }
    for note in &verified.notes {
        text.push_str(&format!("\n  Note: {note}"));
    }
    text
}

async fn export(booted: &Booted, ctx: &Ctx, mut input: AuditExport) -> Result<()> {
    loop {
        let page = booted.app.call_once::<AuditExport>(ctx, input.clone()).await?;
        // A reader that has left is no error.
        if std::io::stdout().write_all(page.lines.as_bytes()).is_err() {
            return Ok(());
        }
        match page.next_cursor {
            Some(cursor) => input.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}
