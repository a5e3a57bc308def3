//! Tickets: questions that the documents do not answer, for people who can. Everybody sees their own, those who answer see all.
//! What is told and logged names no words: they are in the ticket alone.

pub mod answer;
pub mod assign;
pub mod close;
pub mod document;
pub(crate) mod escalate;
pub mod get;
pub mod list;
pub mod open;
pub mod view;

use crate::{
    app::{
        members::actors::Everybody,
        notifications::tell::{Word, tell},
        use_case::Scope,
    },
    error::{Error, Result},
    ids::{MemberId, TicketId, TicketMessageId},
    model::{
        notifications::NotificationKind,
        prose,
        roles::{Permission, Role},
    },
    store::knowledge::tickets::{self, Message, Ticket},
};

/// Characters of a message.
const TEXT_MOST: usize = 10_000;
/// Messages of a ticket.
const MESSAGES_MOST: i64 = 200;

/// Whether a role answers tickets of others.
fn answers(role: Role) -> bool {
    role.has(Permission::AnswerTickets)
}

/// A ticket that the caller sees.
async fn seen(scope: &mut Scope<'_>, id: TicketId) -> Result<Ticket> {
    let found = tickets::get(scope.tx, scope.ctx.workspace, id).await?;
    let own = scope.ctx.member();
    found.filter(|ticket| answers(scope.role()) || own == Some(ticket.member_id)).ok_or_else(|| {
        Error::not_found("ticket_not_found", "There is no such ticket in this workspace.")
            .next("Use ticket_list to see the tickets.")
    })
}

/// The same, held until the transaction ends, at the version that was read.
async fn held(scope: &mut Scope<'_>, id: TicketId, version: Option<i32>) -> Result<Ticket> {
    tickets::lock(scope.tx, scope.ctx.workspace, id).await?;
    let ticket = seen(scope, id).await?;
    if version.is_some_and(|version| version != ticket.version) {
        return Err(Error::conflict(
            "version_conflict",
            format!("The ticket is at version {} by now.", ticket.version),
        )
        .next("Read it with ticket_get, then decide again."));
    }
    Ok(ticket)
}

/// Whoever calls, as a member.
fn caller(scope: &Scope<'_>) -> Result<MemberId> {
    scope.ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members have tickets."))
}

/// Whatever it is made of is plain and bounded.
fn check_text(text: &str) -> Result<String> {
    let text = prose::lines(text).text;
    if text.chars().count() <= TEXT_MOST && prose::says_something(&text) {
        return Ok(text);
    }
    Err(Error::invalid("ticket_text_invalid", "The text is empty or too long.")
        .field("text", format!("1 to {TEXT_MOST} characters that can be seen")))
}

/// Writes to a ticket.
async fn write(scope: &mut Scope<'_>, ticket: TicketId, member: MemberId, text: String) -> Result<TicketMessageId> {
    let workspace = scope.ctx.workspace;
    if tickets::written(scope.tx, workspace, ticket).await? >= MESSAGES_MOST {
        return Err(Error::limit("ticket_full", format!("The ticket has {MESSAGES_MOST} messages already."))
            .next("Close it and open another one."));
    }
    let message_id = scope.new_id();
    let message = Message { message_id, member_id: member, member_name: String::new(), text, written_at: scope.now };
    tickets::write(scope.tx, workspace, ticket, &message).await?;
    Ok(message_id)
}

/// Everybody who answers tickets now, but one.
async fn answering(scope: &mut Scope<'_>, but: MemberId) -> Result<Vec<MemberId>> {
    let everybody = Everybody::load(scope).await?;
    let others = everybody.all().iter().filter(|member| member.removed_at.is_none() && answers(member.role));
    Ok(others.map(|member| member.member_id).filter(|id| *id != but).collect())
}

/// Tells members of a ticket, without its words.
async fn tell_of(
    scope: &mut Scope<'_>,
    to: Vec<MemberId>,
    ticket: TicketId,
    (code, title): (&'static str, String),
) -> Result<()> {
    let word = Word {
        kind: NotificationKind::Ticket,
        to,
        post: None,
        code,
        title,
        cause: format!("The ticket is {ticket}."),
        next_step: format!("Read it with ticket_get or `allin ticket show {ticket}`, and answer with ticket_answer."),
    };
    tell(scope.app, scope.tx, scope.ctx.workspace, &[word], scope.now).await
}

/// The caller's name, for what others are told.
fn name(scope: &Scope<'_>) -> String {
    prose::line(&scope.entered.member_name)
}

/// What is stored of a result for whoever repeats the call: without the words, which are in the ticket alone.
fn kept(output: &view::TicketChanged) -> Result<serde_json::Value> {
    let mut kept = output.clone();
    kept.ticket.subject.clear();
    serde_json::to_value(kept).map_err(Error::internal)
}
