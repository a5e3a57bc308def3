//! Change a workspace's name or time zone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        use_case::{Effect, Local, Locally, Scope, UseCase},
        workspaces::create::check_name,
    },
    error::{Error, Result},
    model::{roles::Permission, times},
    store::workspaces,
};

/// What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceChange {
    #[serde(default)]
    pub name: Option<String>,
    /// IANA name. Posts that are scheduled already keep their instant.
    #[serde(default)]
    pub time_zone: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceChanged {
    pub message: String,
    pub name: String,
    pub time_zone: String,
}

impl UseCase for WorkspaceChange {
    type Input = Self;
    type Output = WorkspaceChanged;
    type Form = Locally;
    const NAME: &'static str = "workspace_change";
    const NEEDS: Permission = Permission::ManageWorkspace;
    const EFFECT: Effect = Effect::Write;
}

impl Local for WorkspaceChange {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<WorkspaceChanged> {
        let id = scope.ctx.workspace;
        let present = workspaces::get(scope.tx, id).await?.ok_or_else(|| Error::internal("workspace vanished"))?;
        let name = input.name.unwrap_or(present.name);
        let time_zone = input.time_zone.unwrap_or(present.time_zone);
        check_name("name", &name)?;
        times::zone(&time_zone)?;
        workspaces::update(scope.tx, id, name.trim(), &time_zone).await?;
        scope.changed("workspace", id, json!({ "time_zone": time_zone }));
        Ok(WorkspaceChanged { message: format!("The workspace is “{name}” in {time_zone}."), name, time_zone })
    }
}
