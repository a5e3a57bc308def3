//! One ticket, with what was written to it and what was asked before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        conversations::view,
        tickets::{
            seen,
            view::{MessageView, TicketView, WholeTicket},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::TicketId,
    model::{knowledge::bit, roles::Permission},
    store::knowledge::{answers, tickets},
};

/// Questions of the conversation that are shown.
const TURNS: i64 = 20;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketGet {
    pub ticket_id: TicketId,
}

impl UseCase for TicketGet {
    type Input = Self;
    type Output = WholeTicket;
    type Form = Locally;
    const NAME: &'static str = "ticket_get";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Read;
}

impl Local for TicketGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<WholeTicket> {
        let (workspace, role) = (scope.ctx.workspace, bit(scope.role()));
        let ticket = seen(scope, input.ticket_id).await?;
        let messages = tickets::messages(scope.tx, workspace, ticket.ticket_id).await?;
        let mut asked = match ticket.conversation_id {
            Some(id) => answers::of_conversation(scope.tx, workspace, id, role, TURNS).await?,
            None => Vec::new(),
        };
        // Whoever answers sees what led to the ticket, and not what its asker asked since.
        if scope.ctx.member() != Some(ticket.member_id) {
            asked.retain(|answer| answer.asked_at <= ticket.opened_at);
        }
        asked.reverse();
        Ok(WholeTicket {
            ticket: TicketView::from(ticket),
            messages: messages.into_iter().map(MessageView::from).collect(),
            conversation: asked.into_iter().map(view::answer).collect::<Result<_>>()?,
        })
    }
}
