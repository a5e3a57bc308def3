//! Ask a person, because an answer did not help.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        knowledge::rate::{no_such_answer, own_answer},
        tickets::{
            caller, check_text,
            escalate::{self, Step, Unanswered},
            view::{TicketChanged, TicketView},
            write,
        },
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::{Error, Result},
    ids::AnswerId,
    model::{roles::Permission, tickets::TicketState},
    store::knowledge::tickets,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketOpen {
    /// The answer that did not help; its question is asked.
    pub answer_id: AnswerId,
    /// What is missing in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10000))]
    pub text: Option<String>,
}

impl UseCase for TicketOpen {
    type Input = Self;
    type Output = TicketChanged;
    type Form = Locally;
    const NAME: &'static str = "ticket_open";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;

    /// Without the words.
    fn keep(output: &TicketChanged) -> Result<serde_json::Value> {
        super::kept(output)
    }
}

impl Local for TicketOpen {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TicketChanged> {
        let member = caller(scope)?;
        let more = input.text.as_deref().filter(|text| !text.trim().is_empty()).map(check_text).transpose()?;
        let answer = own_answer(scope, input.answer_id).await?;
        let unanswered = Unanswered {
            member,
            question: &answer.question,
            conversation: answer.conversation_id,
            answer: Some(answer.answer_id),
        };
        let step = escalate::plan(scope, &unanswered).await?;
        if matches!(step, Step::TooMany) {
            return Err(Error::limit("too_many_tickets", "You have many tickets that wait for an answer already.")
                .next("Close what is settled with ticket_close."));
        }
        let joined = matches!(step, Step::Joined { .. });
        let note = step.note();
        let id = escalate::carry_out(scope, step).await?.ok_or_else(no_such_answer)?;
        let workspace = scope.ctx.workspace;
        let mut ticket = tickets::get(scope.tx, workspace, id).await?.ok_or_else(no_such_answer)?;
        if let Some(more) = more {
            write(scope, id, member, more).await?;
        }
        if ticket.state == TicketState::Answered {
            ticket.state = TicketState::Open;
            tickets::update(scope.tx, workspace, &ticket, scope.now).await?;
            scope.changed("ticket", id, json!({ "state": ticket.state }));
            ticket.version += 1;
        }
        let message = match (joined, note) {
            (true, _) => "The question is in this ticket already; it is open.".to_owned(),
            (false, Some(note)) => format!("Ticket opened. {note}"),
            (false, None) => "Ticket opened: those who can answer are told.".to_owned(),
        };
        Ok(TicketChanged { message, ticket: TicketView::from(ticket) })
    }
}
