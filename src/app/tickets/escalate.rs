//! Opens a ticket for a question that nobody has answered, once: the same question of the same member within a day joins the
//! ticket that is there. Those who answer tickets are told.

use serde_json::json;

use super::{answering, name, tell_of, write};
use crate::{
    app::{notifications::note::short, use_case::Scope},
    error::Result,
    ids::{AnswerId, ConversationId, MemberId, TicketId},
    model::tickets::TicketState,
    store::knowledge::tickets::{self, Ticket},
};

/// The same question within this time is the same ticket, in seconds.
const SAME_SECS: i64 = 24 * 3600;
/// Tickets of a member that wait: whoever has more gets no further ones by asking.
const OPEN_MOST: i64 = 50;
/// Letters of a subject.
const SUBJECT: usize = 200;

/// A question, and the answer that did not do.
pub struct Unanswered<'a> {
    pub member: MemberId,
    pub question: &'a str,
    pub conversation: ConversationId,
    /// Missing for a question that was never asked here.
    pub answer: Option<AnswerId>,
}

/// What is to be done, decided before the answer is written, so that it can say so.
pub enum Step {
    Nothing,
    Joined {
        ticket: TicketId,
        answered: bool,
    },
    Open {
        ticket: Box<Ticket>,
        question: String,
        told: Vec<MemberId>,
    },
    /// The member has too many open ones.
    TooMany,
}

impl Step {
    /// Whether somebody will see the question.
    pub fn is_asked(&self) -> bool {
        match self {
            Self::Joined { answered, .. } => !answered,
            Self::Open { told, .. } => !told.is_empty(),
            Self::Nothing | Self::TooMany => false,
        }
    }

    pub fn note(&self) -> Option<&'static str> {
        match self {
            Self::Joined { answered: true, .. } => Some("A person has answered this before: ticket_get shows it."),
            Self::Open { told, .. } if told.is_empty() => {
                Some("There is nobody else here who answers tickets: the question waits for you in ticket_list.")
            }
            Self::TooMany => {
                Some("No ticket was opened, because you have many that wait; close some with ticket_close.")
            }
            _ => None,
        }
    }
}

pub async fn plan(scope: &mut Scope<'_>, asked: &Unanswered<'_>) -> Result<Step> {
    let workspace = scope.ctx.workspace;
    let subject = short(asked.question, SUBJECT);
    tickets::hold_subject(scope.tx, asked.member, &subject.to_lowercase()).await?;
    let since = scope.now.plus_secs(-SAME_SECS);
    let same = tickets::same(scope.tx, workspace, asked.member, &subject, since, asked.answer).await?;
    if let Some((ticket, state)) = same {
        return Ok(Step::Joined { ticket, answered: state == TicketState::Answered });
    }
    if tickets::open_of(scope.tx, workspace, asked.member).await? >= OPEN_MOST {
        return Ok(Step::TooMany);
    }
    let ticket = Ticket {
        ticket_id: scope.new_id(),
        member_id: asked.member,
        member_name: name(scope),
        conversation_id: Some(asked.conversation),
        answer_id: asked.answer,
        subject,
        state: TicketState::Open,
        assignee_id: None,
        assignee_name: None,
        document_id: None,
        version: 1,
        opened_at: scope.now,
        updated_at: scope.now,
        closed_at: None,
    };
    let told = answering(scope, asked.member).await?;
    Ok(Step::Open { ticket: Box::new(ticket), question: asked.question.to_owned(), told })
}

/// Once the answer is written. Returns the ticket.
pub async fn carry_out(scope: &mut Scope<'_>, step: Step) -> Result<Option<TicketId>> {
    let (ticket, question, told) = match step {
        Step::Nothing | Step::TooMany => return Ok(None),
        Step::Joined { ticket, .. } => return Ok(Some(ticket)),
        Step::Open { ticket, question, told } => (ticket, question, told),
    };
    let id = ticket.ticket_id;
    tickets::insert(scope.tx, scope.ctx.workspace, &ticket).await?;
    write(scope, id, ticket.member_id, question).await?;
    scope.changed("ticket", id, json!({ "opened": true, "answer": ticket.answer_id }));
    let title = format!("{} asks something that the documents do not answer", ticket.member_name);
    tell_of(scope, told, id, ("ticket_opened", title)).await?;
    Ok(Some(id))
}
