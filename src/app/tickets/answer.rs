//! Write to a ticket. From somebody who answers tickets it is the answer, and whoever asked is told; from whoever asked it is a
//! question again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        tickets::{
            answering, answers, caller, check_text, held, name, tell_of,
            view::{TicketChanged, TicketView},
            write,
        },
        use_case::{Effect, Local, Locally, Repeat, Scope, UseCase},
    },
    error::Result,
    ids::{MemberId, TicketId},
    model::{roles::Permission, tickets::TicketState},
    store::knowledge::tickets::{self, Ticket},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketAnswer {
    pub ticket_id: TicketId,
    #[schemars(length(min = 1, max = 10000))]
    pub text: String,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

impl UseCase for TicketAnswer {
    type Input = Self;
    type Output = TicketChanged;
    type Form = Locally;
    const NAME: &'static str = "ticket_answer";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Write;
    const REPEAT: Repeat = Repeat::SameWithinTenMinutes;

    /// Without the words.
    fn keep(output: &TicketChanged) -> Result<serde_json::Value> {
        super::kept(output)
    }
}

impl Local for TicketAnswer {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TicketChanged> {
        let workspace = scope.ctx.workspace;
        let (member, text) = (caller(scope)?, check_text(&input.text)?);
        let mut ticket = held(scope, input.ticket_id, input.version).await?;
        let own = ticket.member_id == member;
        let message_id = write(scope, ticket.ticket_id, member, text).await?;
        // Who both asks and answers tickets may answer the own one, too, where nobody else does.
        let answered = !own || (answers(scope.role()) && answering(scope, member).await?.is_empty());
        (ticket.state, ticket.closed_at) = (if answered { TicketState::Answered } else { TicketState::Open }, None);
        tickets::update(scope.tx, workspace, &ticket, scope.now).await?;
        scope.changed("ticket", ticket.ticket_id, json!({ "message": message_id, "state": ticket.state }));
        let message = tell_others(scope, &ticket, member, own).await?;
        let ticket = tickets::get(scope.tx, workspace, ticket.ticket_id).await?.unwrap_or(ticket);
        Ok(TicketChanged { message, ticket: TicketView::from(ticket) })
    }
}

async fn tell_others(scope: &mut Scope<'_>, ticket: &Ticket, member: MemberId, own: bool) -> Result<String> {
    let id = ticket.ticket_id;
    if !own {
        let title = format!("{} answered your question", name(scope));
        tell_of(scope, vec![ticket.member_id], id, ("ticket_answered", title)).await?;
        return Ok("Answered: whoever asked is told.".into());
    }
    let to = match ticket.assignee_id.filter(|assignee| *assignee != member) {
        Some(assignee) => vec![assignee],
        None => answering(scope, member).await?,
    };
    let told = !to.is_empty();
    let title = format!("{} wrote to a ticket", name(scope));
    tell_of(scope, to, id, ("ticket_written", title)).await?;
    Ok(if told { "Written: it is open, and those who answer are told." } else { "Written." }.into())
}
