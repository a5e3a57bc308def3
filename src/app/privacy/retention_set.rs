//! Say how long this workspace keeps something. What is older goes with the next run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        privacy::retention_get::{Retention, standing},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    model::{privacy::RetentionKind, roles::Permission},
    store::privacy::retention,
};

/// A century.
const MOST_DAYS: i32 = 36_500;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionSet {
    pub kind: RetentionKind,
    /// Left out: kept for good.
    #[serde(default)]
    pub days: Option<i32>,
}

impl UseCase for RetentionSet {
    type Input = Self;
    type Output = Retention;
    type Form = Locally;
    const NAME: &'static str = "retention_set";
    const NEEDS: Permission = Permission::SetRetention;
    const EFFECT: Effect = Effect::Write;
}

impl Local for RetentionSet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Retention> {
        let least = input.kind.rule().least_days;
        if input.days.is_some_and(|days| !(least..=MOST_DAYS).contains(&days)) {
            return Err(Error::invalid(
                "retention_days_invalid",
                format!("{} are kept {least} days at least, {MOST_DAYS} at most, or for good.", input.kind.as_str()),
            )
            .next("Name a number of days between, or none.")
            .field("days", format!("{least} to {MOST_DAYS}")));
        }
        retention::set_rule(scope.tx, scope.ctx.workspace, input.kind, input.days, scope.now).await?;
        scope.changed("retention", scope.ctx.workspace, json!({ "kind": input.kind, "days": input.days }));
        standing(scope).await
    }
}
