//! Make a document of a ticket: the question is its title, what a person answered its text. The next one who asks finds it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        knowledge::add::check_room,
        tickets::{
            check_text, held,
            view::{TicketChanged, TicketView},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::TicketId,
    model::{
        documents::Language,
        knowledge::Audience,
        prose,
        roles::{Permission, Role},
        tickets::slug,
    },
    store::knowledge::{
        documents::{self, Content, Document},
        due, state,
        tickets::{self, Ticket},
    },
    vault::sha256,
};

/// Letters of a title.
const TITLE_MOST: usize = 300;
/// Letters of a category.
const CATEGORY_MOST: usize = 60;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketDocument {
    pub ticket_id: TicketId,
    /// The answer as others are to read it, in Markdown; left out: the last answer of the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10000))]
    pub text: Option<String>,
    /// Left out: the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 60))]
    pub category: Option<String>,
    /// The roles it is for, exactly, yours among them; left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Vec<Role>>,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

impl UseCase for TicketDocument {
    type Input = Self;
    type Output = TicketChanged;
    type Form = Locally;
    const NAME: &'static str = "ticket_document";
    const NEEDS: Permission = Permission::ManageKnowledge;
    const EFFECT: Effect = Effect::Write;

    /// Without the words.
    fn keep(output: &TicketChanged) -> Result<serde_json::Value> {
        super::kept(output)
    }
}

impl Local for TicketDocument {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TicketChanged> {
        let workspace = scope.ctx.workspace;
        let audience = audience(scope, input.audience.as_deref())?;
        // Before the ticket, as whoever removes a document does.
        state::lock(scope.tx, workspace).await?;
        let mut ticket = held(scope, input.ticket_id, input.version).await?;
        let text = match &input.text {
            Some(text) => check_text(text)?,
            None => answer_of(scope, &ticket).await?,
        };
        let (document, known) = document(scope, &ticket, &input, audience, &text).await?;
        match known {
            true => documents::replace(scope.tx, workspace, &document).await?,
            false => {
                check_room(scope).await?;
                documents::insert(scope.tx, workspace, &document).await?;
            }
        }
        let bytes = format!("# {}\n\n{text}\n", document.title).into_bytes();
        let content = Content {
            name: document.path.clone(),
            content_type: Some("text/markdown".into()),
            sha256: sha256(&bytes).to_vec(),
            content: bytes,
        };
        documents::put_content(scope.tx, workspace, document.document_id, &content).await?;
        due::put(scope.tx, workspace, scope.now).await?;
        ticket.document_id = Some(document.document_id);
        tickets::update(scope.tx, workspace, &ticket, scope.now).await?;
        scope.changed("document", document.document_id, json!({ "source": "ticket", "replaced": known }));
        scope.changed("ticket", ticket.ticket_id, json!({ "document": document.document_id }));
        scope.app.knowledge.due.notify_one();
        let ticket = tickets::get(scope.tx, workspace, ticket.ticket_id).await?.unwrap_or(ticket);
        let message = format!("{} is a document now; it is found as soon as it was read.", document.path);
        Ok(TicketChanged { message, ticket: TicketView::from(ticket) })
    }
}

/// Whoever makes a document sees it.
fn audience(scope: &Scope<'_>, roles: Option<&[Role]>) -> Result<Audience> {
    let Some(roles) = roles else { return Ok(Audience::EVERYBODY) };
    let role = scope.role();
    Audience::of(roles).filter(|audience| audience.includes(role)).ok_or_else(|| {
        Error::invalid("audience_without_you", "You would not see the document yourself.")
            .next(format!("Name {} among the roles, or leave audience out: then it is for all.", role.as_str()))
            .field("audience", format!("{} among them", role.as_str()))
    })
}

/// What somebody else wrote last; of a ticket in which nobody else wrote, the last message after the question.
async fn answer_of(scope: &mut Scope<'_>, ticket: &Ticket) -> Result<String> {
    let mut messages = tickets::messages(scope.tx, scope.ctx.workspace, ticket.ticket_id).await?;
    let others = messages.iter().rposition(|message| message.member_id != ticket.member_id);
    let at = others.or_else(|| messages.len().checked_sub(1).filter(|last| *last > 0)).ok_or_else(|| {
        Error::conflict("ticket_unanswered", "Nobody has answered this ticket yet.")
            .next("Answer it with ticket_answer first, or give the answer as text.")
    })?;
    Ok(messages.swap_remove(at).text)
}

/// The row as it will be until the document was read, and whether it takes the place of an earlier one.
async fn document(
    scope: &mut Scope<'_>,
    ticket: &Ticket,
    input: &TicketDocument,
    audience: Audience,
    text: &str,
) -> Result<(Document, bool)> {
    let workspace = scope.ctx.workspace;
    let known = match ticket.document_id {
        Some(id) => documents::get(scope.tx, workspace, id).await?,
        None => None,
    };
    let plain = |text: &str, most: usize| prose::line(text).chars().take(most).collect::<String>();
    let title = input.title.as_deref().map(|title| plain(title, TITLE_MOST)).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| plain(&ticket.subject, TITLE_MOST));
    let category = input.category.as_deref().map(|category| plain(category, CATEGORY_MOST)).unwrap_or_default();
    let language = Language::detect(text).unwrap_or(Language::Other);
    let path = match &known {
        Some(known) => known.path.clone(),
        None => free_path(scope, &title, ticket.ticket_id).await?,
    };
    let document = Document {
        document_id: known.as_ref().map_or_else(|| scope.new_id(), |known| known.document_id),
        source: "ticket".into(),
        path,
        url: None,
        // What was said here holds before what the text says of itself.
        given: json!({ "title": title, "category": category, "audience": audience.roles(), "language": language }),
        title,
        category,
        audience: audience.bits(),
        language: language.code().to_owned(),
        state: "waiting".into(),
        notes: Vec::new(),
        problem_code: None,
        problem: None,
        content_sha256: known.as_ref().and_then(|known| known.content_sha256.clone()),
        chunks: known.as_ref().map_or(0, |known| known.chunks),
        tokens: known.as_ref().map_or(0, |known| known.tokens),
        added_by: scope.ctx.member(),
        created_at: known.as_ref().map_or(scope.now, |known| known.created_at),
        updated_at: scope.now,
    };
    Ok((document, known.is_some()))
}

async fn free_path(scope: &mut Scope<'_>, title: &str, ticket: TicketId) -> Result<String> {
    let path = format!("tickets/{}.md", slug(title));
    if documents::by_path(scope.tx, scope.ctx.workspace, &path).await?.is_none() {
        return Ok(path);
    }
    Ok(format!("tickets/{}-{ticket}.md", slug(title)))
}
