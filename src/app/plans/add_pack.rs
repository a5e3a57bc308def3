//! Add a pack of credits to a workspace: the operator's decision, like the plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        plans::get::{self, PackView},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::PackId,
    model::{
        plans::{PACKS, month},
        roles::Permission,
    },
    store::plans::{self, Pack},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackAdd {
    /// 500, 1000 or 2500.
    pub credits: u32,
    /// For the present month only; else for every month until it is ended.
    #[serde(default)]
    pub once: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PackAdded {
    pub message: String,
    pub pack: PackView,
}

impl UseCase for PackAdd {
    type Input = Self;
    type Output = PackAdded;
    type Form = Locally;
    const NAME: &'static str = "pack_add";
    const NEEDS: Permission = Permission::SetPlan;
    const EFFECT: Effect = Effect::Write;
}

impl Local for PackAdd {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PackAdded> {
        super::must_exist(scope).await?;
        let credits = i32::try_from(input.credits).ok().filter(|_| PACKS.contains(&input.credits));
        let credits = credits.ok_or_else(|| {
            Error::invalid("pack_unknown", format!("There is no pack of {} credits.", input.credits))
                .field("credits", "500, 1000 or 2500")
        })?;
        let month = month(scope.now);
        let last_month = input.once.then(|| month.clone());
        let pack = Pack { pack_id: scope.new_id::<PackId>(), credits, first_month: month, last_month };
        plans::insert_pack(scope.tx, scope.ctx.workspace, &pack, scope.now).await?;
        scope.changed("pack", pack.pack_id, json!({ "credits": credits, "once": input.once }));
        let until = if input.once { "this month only" } else { "this month and the following" };
        let message = format!("{credits} credits more for {until}: {}.", pack.pack_id);
        Ok(PackAdded { message, pack: get::pack(pack) })
    }
}
