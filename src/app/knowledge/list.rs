//! The documents that are for the caller's role.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        App,
        ctx::Ctx,
        cursor,
        knowledge::{
            product,
            view::{DocumentState, DocumentView},
        },
        posts::query::check_limit,
        use_case::{Effect, Scope, Seek, Seekingly, Sought, UseCase},
    },
    error::{Error, Result},
    ids::{DocumentId, WorkspaceId},
    model::{
        knowledge::bit,
        roles::{Permission, Role},
    },
    store::{
        db::Tx,
        knowledge::{
            documents::{self, Listed},
            state,
        },
    },
};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnowledgeList {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DocumentState>,
    /// Documents per page, 1 to 200. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// In the order of their paths.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeListed {
    pub documents: Vec<DocumentView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl UseCase for KnowledgeList {
    type Input = Self;
    type Output = KnowledgeListed;
    type Form = Seekingly;
    const NAME: &'static str = "knowledge_list";
    const NEEDS: Permission = Permission::ReadKnowledge;
    const EFFECT: Effect = Effect::Read;
}

impl Seek for KnowledgeList {
    type Plan = Self;

    async fn look(scope: &mut Scope<'_>, input: Self) -> Result<Sought<KnowledgeListed, Self>> {
        let state = state::get(scope.tx, scope.ctx.workspace).await?;
        if product::is_due(&state) {
            return Ok(Sought::Seek(input));
        }
        let role = scope.role();
        list(scope.app, scope.tx, scope.ctx.workspace, role, &input).await.map(Sought::Found)
    }

    async fn seek(app: &App, ctx: &Ctx, plan: Self) -> Result<KnowledgeListed> {
        product::adopt(app, ctx.workspace).await?;
        let (mut tx, entered) = app.db.tenant(ctx.workspace, ctx.actor.entrance(), app.now()).await?;
        let role = entered.role.unwrap_or(Role::Admin);
        let listed = list(app, &mut tx, ctx.workspace, role, &plan).await?;
        tx.finish_read();
        Ok(listed)
    }
}

async fn list(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    role: Role,
    input: &KnowledgeList,
) -> Result<KnowledgeListed> {
    let limit = check_limit(input.limit, 200)?;
    let role = bit(role);
    let name = format!("knowledge {role} {:?} {:?}", input.category, input.state);
    let after = match &input.cursor {
        Some(text) => {
            let (_, id) = cursor::open(app, &name, text)?;
            let last = documents::get(tx, workspace, DocumentId(id)).await?.ok_or_else(|| {
                Error::conflict("cursor_stale", "The document that the page before ended with was removed.")
                    .next("List from the beginning, without a cursor.")
            })?;
            Some(last.path)
        }
        None => None,
    };
    let listed = Listed {
        role: Some(role),
        category: input.category.as_deref(),
        state: input.state.map(DocumentState::as_str),
        after: after.as_deref(),
        limit: i64::from(limit) + 1,
    };
    let mut found = documents::list(tx, workspace, &listed).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor::seal(app, &name, last.created_at, last.document_id.uuid()));
    Ok(KnowledgeListed { documents: found.into_iter().map(DocumentView::from).collect(), next_cursor })
}
