//! `allin audit`.

use clap::Subcommand;
use serde_json::json;

use crate::{
    app::{audit, ctx::Ctx},
    boot::Booted,
    cli::print,
    error::{Error, Result},
};

#[derive(Subcommand)]
pub enum Audit {
    /// Recompute the chain of this workspace's log and check its signed head
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let Self::Verify { json } = self;
        audit::seal_pending(&booted.app).await?;
        let verified = audit::verify(&booted.app, ctx.workspace).await?;
        print::either(json, &json!({ "entries": verified.entries, "broken": verified.broken }), || {
            format!("{} entries, {} broken.", verified.entries, verified.broken.len())
        })?;
        if verified.broken.is_empty() {
            return Ok(());
        }
        Err(Error::conflict("audit_broken", "The audit log does not verify.")
            .next("Compare with a backup and with logs/audit-heads.jsonl; somebody changed the database directly."))
    }
}
