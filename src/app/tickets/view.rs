//! How a ticket is shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::conversations::view::AnswerView,
    clock::Timestamp,
    ids::{AnswerId, ConversationId, DocumentId, MemberId, TicketId, TicketMessageId},
    model::{prose, tickets::TicketState},
    store::knowledge::tickets::{Message, Ticket},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TicketView {
    pub id: TicketId,
    pub subject: String,
    pub state: TicketState,
    /// Grows with every change.
    pub version: i32,
    /// Who asks.
    pub member: String,
    pub member_id: MemberId,
    /// Who takes care of it; missing when nobody in particular does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<MemberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The answer that did not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_id: Option<AnswerId>,
    /// The document that was made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<DocumentId>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct MessageView {
    pub id: TicketMessageId,
    pub member: String,
    pub member_id: MemberId,
    pub text: String,
    pub written_at: Timestamp,
}

/// A ticket with all that belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WholeTicket {
    pub ticket: TicketView,
    /// Oldest first; the first is the question.
    pub messages: Vec<MessageView>,
    /// What was asked and answered before, oldest first. Answers from documents that are not for you are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversation: Vec<AnswerView>,
}

/// What a call that changes a ticket answers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TicketChanged {
    pub message: String,
    pub ticket: TicketView,
}

impl From<Ticket> for TicketView {
    fn from(ticket: Ticket) -> Self {
        Self {
            id: ticket.ticket_id,
            subject: ticket.subject,
            state: ticket.state,
            version: ticket.version,
            member: prose::line(&ticket.member_name),
            member_id: ticket.member_id,
            assignee: ticket.assignee_name.as_deref().map(prose::line),
            assignee_id: ticket.assignee_id,
            conversation_id: ticket.conversation_id,
            answer_id: ticket.answer_id,
            document_id: ticket.document_id,
            opened_at: ticket.opened_at,
            updated_at: ticket.updated_at,
            closed_at: ticket.closed_at,
        }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.message_id,
            member: prose::line(&message.member_name),
            member_id: message.member_id,
            text: message.text,
            written_at: message.written_at,
        }
    }
}
