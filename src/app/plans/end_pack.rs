//! End a pack of credits. It counts to the end of the present month, for which it was given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    error::{Error, Result},
    ids::PackId,
    model::{plans::month, roles::Permission},
    store::plans,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackEnd {
    pub pack_id: PackId,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PackEnded {
    pub message: String,
}

impl UseCase for PackEnd {
    type Input = Self;
    type Output = PackEnded;
    type Form = Locally;
    const NAME: &'static str = "pack_end";
    const NEEDS: Permission = Permission::SetPlan;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PackEnd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PackEnded> {
        let month = month(scope.now);
        if !plans::end_pack(scope.tx, scope.ctx.workspace, input.pack_id, &month).await? {
            return Err(Error::not_found("pack_not_found", "There is no such pack that goes on beyond this month.")
                .next("`allin plan show` lists the packs."));
        }
        scope.changed("pack", input.pack_id, json!({ "last_month": month }));
        Ok(PackEnded { message: format!("The pack counts in {month} for the last time.") })
    }
}
