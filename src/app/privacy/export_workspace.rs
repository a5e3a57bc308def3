//! Everything of a workspace, as a file: all that is exported of any table, with pictures and videos.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        privacy::lines::{self, ExportPage, Place},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::roles::Permission,
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceExport {
    /// next_cursor of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl UseCase for WorkspaceExport {
    type Input = Self;
    type Output = ExportPage;
    type Form = Locally;
    const NAME: &'static str = "workspace_export";
    const NEEDS: Permission = Permission::ExportWorkspace;
    const EFFECT: Effect = Effect::Read;
    const LOGGED: bool = true;
}

impl Local for WorkspaceExport {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<ExportPage> {
        let list = format!("workspace {} {}", scope.ctx.workspace, scope.ctx.actor.key());
        let place = input.cursor.as_deref().map(|cursor| Place::open(scope.app, &list, cursor)).transpose()?;
        if place.is_none() {
            scope.changed("workspace", scope.ctx.workspace, json!({ "exported": true }));
        }
        lines::page(scope, &list, None, place).await
    }
}
