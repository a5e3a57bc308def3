//! Require approval for everything, for a while. Anybody who answers for the workspace may begin it, programs too; ending
//! it takes a person who proves it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        approvals,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    model::{pauses::reason, roles::Permission, times},
    store::approvals::{self as stored, Freeze},
};

/// Unless it is said: a week.
const HOURS: u32 = 7 * 24;
/// Half a year.
const HOURS_MAX: u32 = 183 * 24;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalFreeze {
    /// Why; those who are asked see it.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// Hours until it ends by itself. Default: a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalsFrozen {
    pub message: String,
    pub until: Timestamp,
    /// Scheduled posts about which Managers are asked now.
    pub asked_about: usize,
}

impl UseCase for ApprovalFreeze {
    type Input = Self;
    type Output = ApprovalsFrozen;
    type Form = Locally;
    const NAME: &'static str = "approval_freeze";
    const NEEDS: Permission = Permission::FreezeApprovals;
    const EFFECT: Effect = Effect::Write;
}

impl Local for ApprovalFreeze {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ApprovalsFrozen> {
        let reason = reason("reason", &input.reason)?;
        begin(scope, reason, input.hours).await
    }
}

/// Also the first thing that a crisis does.
pub(crate) async fn begin(scope: &mut Scope<'_>, reason: String, hours: Option<u32>) -> Result<ApprovalsFrozen> {
    let hours = hours.unwrap_or(HOURS);
    if !(1..=HOURS_MAX).contains(&hours) {
        return Err(Error::invalid("hours_invalid", format!("It lasts 1 to {HOURS_MAX} hours."))
            .field("hours", format!("1 to {HOURS_MAX}")));
    }
    let until = scope.now.plus_secs(i64::from(hours) * 3600);
    let freeze =
        Freeze { freeze_id: scope.new_id(), reason, started_by: scope.ctx.actor.key(), started_at: scope.now, until };
    stored::insert_freeze(scope.tx, scope.ctx.workspace, &freeze).await?;
    scope.changed("approval_freeze", freeze.freeze_id, json!({ "until": until }));
    let asked_about = approvals::refresh(scope, None).await?;
    let message = format!(
        "Until {}, every post needs a Manager's approval before it is sent. {asked_about} scheduled post(s) wait for it now.",
        times::spoken(until, &scope.entered.time_zone)
    );
    Ok(ApprovalsFrozen { message, until, asked_about })
}
