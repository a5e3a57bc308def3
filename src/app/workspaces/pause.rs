//! Stop all sending in a workspace, and allow it again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    model::roles::Permission,
    store::workspaces,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspacePause {
    /// `false` resumes.
    pub paused: bool,
    /// Why; required for a pause.
    #[serde(default)]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WorkspacePaused {
    pub message: String,
    pub paused: bool,
}

impl UseCase for WorkspacePause {
    type Input = Self;
    type Output = WorkspacePaused;
    type Form = Locally;
    const NAME: &'static str = "workspace_pause";
    const NEEDS: Permission = Permission::PausePublishing;
    const EFFECT: Effect = Effect::Write;

    /// Stopping is always safe; going on is asked.
    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let present = workspaces::get(scope.tx, scope.ctx.workspace).await?;
        let paused_at = present.and_then(|workspace| workspace.paused_at);
        Ok(paused_at.filter(|_| !input.paused).map(|at| Question {
            text: "Resume publishing? What came due during the pause stays held until somebody schedules it again."
                .into(),
            version: at.to_string(),
        }))
    }
}

impl Local for WorkspacePause {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<WorkspacePaused> {
        let id = scope.ctx.workspace;
        if input.paused {
            let reason =
                input.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()).ok_or_else(|| {
                    Error::invalid("reason_missing", "A pause needs a reason; everybody who schedules is shown it.")
                        .field("reason", "must not be empty")
                })?;
            workspaces::set_paused(scope.tx, id, Some((scope.now, reason))).await?;
        } else {
            workspaces::set_paused(scope.tx, id, None).await?;
        }
        scope.changed("workspace", id, json!({ "paused": input.paused }));
        let message = if input.paused {
            "Publishing is paused: nothing is sent, and what comes due is held for review."
        } else {
            "Publishing goes on. What was held stays held until it is scheduled again."
        };
        Ok(WorkspacePaused { message: message.into(), paused: input.paused })
    }
}
