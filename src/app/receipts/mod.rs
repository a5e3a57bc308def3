//! Signed receipts of publications: who asked, who wrote, who approved, the hashes of what was sent, where it is.

pub mod check;
pub mod get;
mod issue;

use serde_json::json;

use crate::{app::use_case::Scope, error::Result, ids::TargetId, store::receipts};

pub use issue::issue;

/// Notes for the receipt that this call set the targets' time or published them.
pub async fn note_asked(scope: &mut Scope<'_>, targets: impl IntoIterator<Item = TargetId>) -> Result<()> {
    let targets: Vec<_> = targets.into_iter().map(TargetId::uuid).collect();
    let asked = asked(scope);
    receipts::set_asked(scope.tx, scope.ctx.workspace, &targets, &asked).await
}

/// Who calls, as a receipt says it.
pub fn asked(scope: &Scope<'_>) -> serde_json::Value {
    let ctx = scope.ctx;
    json!({ "actor": ctx.actor.key(), "origin": ctx.origin.as_str(), "request": ctx.request, "at": scope.now })
}
