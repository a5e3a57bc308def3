//! Add a document, or put another version in its place. It is read in the background.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::{
            product, search,
            source::{self, Fetched, Source},
            view::{DocumentState, DocumentView},
            write::Given,
        },
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    error::{Error, Result},
    model::{
        documents::Language,
        knowledge::Audience,
        roles::{Permission, Role},
    },
    store::knowledge::{
        documents::{self, Content, Document},
        due, state,
    },
    vault::sha256,
};

/// Documents of a workspace.
const MOST: i64 = 10_000;

/// Exactly one of `text`, `url`, `file` and `data`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnowledgeAdd {
    /// The document itself, as Markdown or plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Public web address of a page or file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// File on this machine, below an allowed folder; only for clients on the same machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The file's bytes as base 64, where neither an address nor a path leads to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What citations name, such as handbook/returns.md. A document with this path is replaced. Default: from file, url or title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub path: Option<String>,
    /// Default: the document's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub title: Option<String>,
    /// A word to filter by, such as support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 60))]
    pub category: Option<String>,
    /// The roles it is for, exactly; yours among them. Default: what the document says, else all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Vec<Role>>,
    /// Such as en. Default: what the document says, else found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeAdded {
    pub message: String,
    pub document: DocumentView,
    /// It was there already, word for word, and nothing was done.
    pub unchanged: bool,
}

impl UseCase for KnowledgeAdd {
    type Input = Self;
    type Output = KnowledgeAdded;
    type Form = Remotely;
    const NAME: &'static str = "knowledge_add";
    const NEEDS: Permission = Permission::ManageKnowledge;
    const EFFECT: Effect = Effect::Write;
}

pub struct Plan {
    source: Source,
    path: Option<String>,
    given: Given,
}

pub struct Outcome {
    fetched: Fetched,
    path: String,
    given: Given,
}

impl Remote for KnowledgeAdd {
    type Plan = Plan;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let given = given(&input, scope.role())?;
        let path = input.path.as_deref().map(source::path).transpose()?;
        let source = match (input.text, input.url, input.file, input.data) {
            (Some(text), None, None, None) => Source::Text(text),
            (None, Some(url), None, None) => source::url(scope, &url)?,
            (None, None, Some(file), None) => source::file(scope, file)?,
            (None, None, None, Some(data)) => {
                let bytes = BASE64_STANDARD.decode(data.as_bytes()).map_err(|error| {
                    Error::invalid("data_malformed", "The data is not base 64.").field("data", "base 64").because(error)
                })?;
                let name = path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or("document");
                Source::Bytes(bytes, name.chars().take(200).collect())
            }
            _ => {
                return Err(Error::invalid("document_source", "Give exactly one of text, url, file and data.")
                    .next("text for what you have at hand, url for a page, file for a path on the same machine."));
            }
        };
        Ok(Plan { source, path, given })
    }

    async fn call(app: &App, _: &Ctx, plan: Plan) -> Result<Outcome> {
        let fetched = source::fetch(app, plan.source).await?;
        let path = match plan.path {
            Some(path) => path,
            None => source::path(&fetched.path_of(plan.given.title.as_deref()))?,
        };
        if product::owns(&path) {
            return Err(Error::conflict("document_of_product", format!("{path} is a document of AllIN's own."))
                .next("Choose another path.")
                .field("path", "not one of AllIN's own documents"));
        }
        Ok(Outcome { fetched, path, given: plan.given })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<KnowledgeAdded> {
        let Outcome { fetched, path, given } = outcome;
        let workspace = scope.ctx.workspace;
        state::lock(scope.tx, workspace).await?;
        let known = documents::by_path(scope.tx, workspace, &path).await?;
        let role = scope.role();
        if known.as_ref().is_some_and(|known| !Audience::from(known.audience).includes(role)) {
            // Says no more than that the name is taken: what the document is stays with those it is for.
            return Err(Error::conflict("document_path_taken", "This path cannot be used.")
                .next("Choose another path.")
                .field("path", "another one"));
        }
        let hash = sha256(&fetched.bytes);
        let fresh = document(scope, &fetched, path, &given, known.as_ref())?;
        if let Some(known) = known.as_ref().filter(|known| known.given == fresh.given && known.state != "failed") {
            let content = documents::content(scope.tx, workspace, known.document_id).await?;
            if content.is_some_and(|content| content.sha256 == hash) {
                let document = DocumentView::from(known.clone());
                let message = format!("“{}” is there already, word for word.", document.title);
                return Ok(KnowledgeAdded { message, document, unchanged: true });
            }
        }
        match &known {
            Some(_) => documents::replace(scope.tx, workspace, &fresh).await?,
            None => {
                check_room(scope).await?;
                documents::insert(scope.tx, workspace, &fresh).await?;
            }
        }
        let content = Content {
            name: fetched.name.clone(),
            content_type: fetched.content_type.clone(),
            content: fetched.bytes,
            sha256: hash.to_vec(),
        };
        documents::put_content(scope.tx, workspace, fresh.document_id, &content).await?;
        due::put(scope.tx, workspace, scope.now).await?;
        let how = json!({ "source": fresh.source, "replaced": known.is_some(), "bytes": content.content.len() });
        scope.changed("document", fresh.document_id, how);
        scope.app.knowledge.due.notify_one();
        let message = format!(
            "{} “{}” as {}. It is read in the background; knowledge_list says when it is ready.",
            if known.is_some() { "Replaced" } else { "Added" },
            fresh.title,
            fresh.path
        );
        Ok(KnowledgeAdded { message, document: DocumentView::from(fresh), unchanged: false })
    }
}

fn given(input: &KnowledgeAdd, role: Role) -> Result<Given> {
    let language = input.language.as_deref().map(search::language).transpose()?;
    if let Some(audience) = &input.audience {
        if audience.is_empty() {
            return Err(Error::invalid("audience_empty", "A document is for somebody.")
                .next("Name the roles it is for, or leave audience out: then it is for all.")
                .field("audience", "at least one role"));
        }
        if !audience.contains(&role) {
            return Err(Error::invalid("audience_without_you", "You would not see the document yourself.")
                .next(format!("Name {} among the roles, or have a member of such a role add it.", role.as_str()))
                .field("audience", format!("{} among them", role.as_str())));
        }
    }
    let plain = |text: &Option<String>, most: usize| {
        let text = text.as_deref().map(crate::model::prose::line).filter(|text| !text.is_empty());
        text.map(|text| text.chars().take(most).collect::<String>())
    };
    Ok(Given {
        title: plain(&input.title, 300),
        category: plain(&input.category, 60),
        audience: input.audience.clone(),
        language: language.as_deref().and_then(Language::parse),
    })
}

/// For one more document.
pub async fn check_room(scope: &mut Scope<'_>) -> Result<()> {
    if documents::count(scope.tx, scope.ctx.workspace).await? < MOST {
        return Ok(());
    }
    Err(Error::limit("too_many_documents", format!("A workspace has at most {MOST} documents."))
        .next("Remove some with knowledge_remove, or join them into longer ones."))
}

/// The row as it will be until the document was read.
fn document(
    scope: &Scope<'_>,
    fetched: &Fetched,
    path: String,
    given: &Given,
    known: Option<&Document>,
) -> Result<Document> {
    let audience = given.audience.as_deref().and_then(Audience::of).map(Audience::bits);
    Ok(Document {
        document_id: known.map_or_else(|| scope.new_id(), |known| known.document_id),
        source: fetched.source.to_owned(),
        url: fetched.url.clone(),
        title: given.title.clone().unwrap_or_else(|| known.map_or_else(|| path.clone(), |known| known.title.clone())),
        path,
        category: given.category.clone().unwrap_or_default(),
        // Until the document was read, nobody but who added it knows whom it is for: as few as can be.
        audience: audience
            .unwrap_or_else(|| known.map_or(crate::model::knowledge::bit(scope.role()), |known| known.audience)),
        language: given.language.unwrap_or(Language::Other).code().to_owned(),
        given: serde_json::to_value(given).map_err(Error::internal)?,
        state: DocumentState::Waiting.as_str().to_owned(),
        notes: Vec::new(),
        problem_code: None,
        problem: None,
        content_sha256: known.and_then(|known| known.content_sha256.clone()),
        chunks: known.map_or(0, |known| known.chunks),
        tokens: known.map_or(0, |known| known.tokens),
        added_by: scope.ctx.member(),
        created_at: known.map_or(scope.now, |known| known.created_at),
        updated_at: scope.now,
    })
}
