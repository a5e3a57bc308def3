//! Erase a workspace: everything but its audit log, which names nobody. What is public on networks stays there and is
//! shown first; the workspace's name has to be typed.

use std::fmt::Write as _;

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
    store::{
        privacy::workspace::{self as whole, Extent},
        workspaces,
    },
};

/// Public posts that are listed; the others are counted.
const LISTED: i64 = 20;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceErase {
    /// The workspace's name, as it is.
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceErased {
    pub message: String,
    pub posts: i64,
    /// Of them public on networks, where they stay.
    pub public: i64,
}

impl UseCase for WorkspaceErase {
    type Input = Self;
    type Output = WorkspaceErased;
    type Form = Locally;
    const NAME: &'static str = "workspace_erase";
    const NEEDS: Permission = Permission::EraseWorkspace;
    const EFFECT: Effect = Effect::Destructive;
    const DECIDES: bool = true;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let name = named(scope, &input.name).await?;
        let extent = extent(scope).await?;
        let mut text = String::new();
        if extent.public > 0 {
            _ = writeln!(
                text,
                "{} post(s) are public, and stay public; nothing here will know of them:",
                extent.public
            );
            for post in whole::public(scope.tx, scope.ctx.workspace, LISTED).await? {
                let place = post.url.map_or_else(String::new, |url| format!(" {url}"));
                _ = writeln!(text, "  {}: {}{place}", post.account, post.excerpt);
            }
            if extent.public > LISTED {
                _ = writeln!(text, "  and {} more: `allin export --status published`.", extent.public - LISTED);
            }
        }
        _ = write!(
            text,
            "Erase the workspace {name}: {} post(s), {} account(s), {} picture(s) and videos, {} member(s), and everything \
             else? It cannot be taken back. The audit log stays, and names nobody.",
            extent.posts, extent.accounts, extent.assets, extent.members
        );
        let version = format!("{} {} {}", extent.posts, extent.public, extent.members);
        Ok(Some(Question { text, version }))
    }
}

impl Local for WorkspaceErase {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<WorkspaceErased> {
        named(scope, &input.name).await?;
        let extent = extent(scope).await?;
        whole::erase(scope.tx, scope.ctx.workspace, scope.now).await?;
        let how = json!({ "erased": true, "posts": extent.posts, "public": extent.public });
        scope.changed("workspace", scope.ctx.workspace, how);
        let message = "The workspace is erased. What is public on networks stays there. Backups that were made before still \
                       have it: let them run out.";
        Ok(WorkspaceErased { message: message.into(), posts: extent.posts, public: extent.public })
    }
}

async fn extent(scope: &mut Scope<'_>) -> Result<Extent> {
    let extent = whole::extent(scope.tx, scope.ctx.workspace).await?;
    if extent.under_way > 0 { Err(whole::under_way_error()) } else { Ok(extent) }
}

async fn named(scope: &mut Scope<'_>, given: &str) -> Result<String> {
    let workspace = workspaces::get(scope.tx, scope.ctx.workspace).await?;
    let name = workspace.map(|workspace| workspace.name).unwrap_or_default();
    if name == given.trim() {
        return Ok(name);
    }
    Err(Error::invalid("name_differs", "This is not the workspace's name.")
        .next("Type the name as `allin workspace show` gives it.")
        .field("name", "the workspace's name"))
}
