//! What one caller sees of the documents, kept so that news of a document can be told from it: only what is, or was, for
//! the caller's role is ever told.

use std::collections::HashMap;

use crate::{
    app::{App, ctx::Ctx, watch::News},
    error::Result,
    ids::DocumentId,
    model::{
        knowledge::bit,
        roles::{Permission, Role},
    },
    store::knowledge::faces::{Face, faces},
};

/// As it was last looked.
#[derive(Debug)]
pub struct Seen {
    /// Documents with these paths; all without.
    paths: Option<Vec<String>>,
    role: Option<Role>,
    documents: HashMap<DocumentId, Face>,
}

/// What is different from before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Documents came, went, or are listed otherwise.
    pub listed: bool,
    /// Documents that came, went, or read otherwise.
    pub paths: Vec<String>,
}

impl Seen {
    /// Looks for the first time.
    pub async fn begin(app: &App, ctx: &Ctx, paths: Option<Vec<String>>) -> Result<Self> {
        let mut seen = Self { paths, role: None, documents: HashMap::new() };
        seen.look(app, ctx, News::Anything).await?;
        Ok(seen)
    }

    /// Paths of the documents that there are.
    pub fn there(&self) -> impl Iterator<Item = &str> {
        self.documents.values().map(|face| face.path.as_str())
    }

    /// Looks again, with the role that the caller has now. Fails once its access has ended.
    pub async fn look(&mut self, app: &App, ctx: &Ctx, news: News) -> Result<Changes> {
        let (mut tx, entered) = app.db.tenant(ctx.workspace, ctx.actor.entrance(), app.now()).await?;
        let role = entered.role.unwrap_or(Role::Admin);
        let one = match news {
            News::Of(_, id) if self.role == Some(role) => Some(DocumentId(id)),
            _ => None,
        };
        let found = if role.has(Permission::ReadKnowledge) {
            faces(&mut tx, ctx.workspace, bit(role), one, self.paths.as_deref()).await?
        } else {
            Vec::new()
        };
        tx.finish_read();
        self.role = Some(role);
        Ok(self.compare(found, one))
    }

    /// `found` is all there is, or all there is of the one.
    fn compare(&mut self, found: Vec<Face>, one: Option<DocumentId>) -> Changes {
        let mut before = match one {
            Some(id) => self.documents.remove_entry(&id).into_iter().collect(),
            None => std::mem::take(&mut self.documents),
        };
        let mut changes = Changes::default();
        for face in found {
            let known = before.remove(&face.document_id);
            let listed_alike = known.as_ref().is_some_and(|known| {
                Face { content_sha256: None, ..known.clone() } == Face { content_sha256: None, ..face.clone() }
            });
            changes.listed |= !listed_alike;
            if known.as_ref() != Some(&face) {
                changes.paths.push(face.path.clone());
            }
            self.documents.insert(face.document_id, face);
        }
        changes.listed |= !before.is_empty();
        changes.paths.extend(before.into_values().map(|face| face.path));
        changes
    }
}
