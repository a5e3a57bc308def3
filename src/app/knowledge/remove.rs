//! Remove a document with everything that was made of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        knowledge::{view::no_such_document, write},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{DocumentId, WorkspaceId},
    model::{
        knowledge::Audience,
        roles::{Permission, Role},
    },
    store::{
        db::Tx,
        knowledge::{
            documents::{self, Document},
            state,
        },
    },
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnowledgeRemove {
    /// Id or path of the document.
    pub document: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeRemoved {
    pub message: String,
    pub document_id: DocumentId,
}

impl UseCase for KnowledgeRemove {
    type Input = Self;
    type Output = KnowledgeRemoved;
    type Form = Locally;
    const NAME: &'static str = "knowledge_remove";
    const NEEDS: Permission = Permission::ManageKnowledge;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let document = own(scope, &input.document).await?;
        let text = format!("Remove “{}” ({}) with its {} chunk(s)?", document.title, document.path, document.chunks);
        Ok(Some(Question { text, version: format!("{}/{}", document.document_id, document.updated_at) }))
    }
}

impl Local for KnowledgeRemove {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<KnowledgeRemoved> {
        let workspace = scope.ctx.workspace;
        state::lock(scope.tx, workspace).await?;
        let document = own(scope, &input.document).await?;
        write::forget(scope.tx, workspace, document.document_id).await?;
        documents::delete(scope.tx, workspace, document.document_id).await?;
        state::changed(scope.tx, workspace).await?;
        scope.changed("document", document.document_id, json!({ "removed": true, "chunks": document.chunks }));
        let message = format!("Removed “{}” with {} chunk(s).", document.title, document.chunks);
        Ok(KnowledgeRemoved { message, document_id: document.document_id })
    }
}

/// One that members added.
async fn own(scope: &mut Scope<'_>, name: &str) -> Result<Document> {
    let role = scope.role();
    let document = named(scope.tx, scope.ctx.workspace, role, name).await?;
    if document.source == "product" {
        return Err(Error::conflict("document_of_product", "This document is part of AllIN and stays.")
            .next("Remove documents that members added; knowledge_list says which are the product's."));
    }
    Ok(document)
}

/// By id or path, if it is for the role.
pub async fn named(tx: &mut Tx, workspace: WorkspaceId, role: Role, name: &str) -> Result<Document> {
    let found = match name.parse::<DocumentId>() {
        Ok(id) => documents::get(tx, workspace, id).await?,
        Err(_) => documents::by_path(tx, workspace, name).await?,
    };
    found.filter(|document| Audience::from(document.audience).includes(role)).ok_or_else(no_such_document)
}
