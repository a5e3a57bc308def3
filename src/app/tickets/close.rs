//! Close a ticket: by whoever asked, or somebody who answers tickets. Who asked and did not close it is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        tickets::{
            held, name, tell_of,
            view::{TicketChanged, TicketView},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::TicketId,
    model::{roles::Permission, tickets::TicketState},
    store::knowledge::tickets,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketClose {
    pub ticket_id: TicketId,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

impl UseCase for TicketClose {
    type Input = Self;
    type Output = TicketChanged;
    type Form = Locally;
    const NAME: &'static str = "ticket_close";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Write;

    /// Without the words.
    fn keep(output: &TicketChanged) -> Result<serde_json::Value> {
        super::kept(output)
    }
}

impl Local for TicketClose {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TicketChanged> {
        let workspace = scope.ctx.workspace;
        let mut ticket = held(scope, input.ticket_id, input.version).await?;
        if ticket.state == TicketState::Closed {
            let message = "The ticket was closed before.".into();
            return Ok(TicketChanged { message, ticket: TicketView::from(ticket) });
        }
        (ticket.state, ticket.closed_at) = (TicketState::Closed, Some(scope.now));
        tickets::update(scope.tx, workspace, &ticket, scope.now).await?;
        scope.changed("ticket", ticket.ticket_id, json!({ "state": ticket.state }));
        let told = Some(ticket.member_id).filter(|asked| scope.ctx.member() != Some(*asked));
        let title = format!("{} closed your ticket", name(scope));
        tell_of(scope, told.into_iter().collect(), ticket.ticket_id, ("ticket_closed", title)).await?;
        let ticket = tickets::get(scope.tx, workspace, ticket.ticket_id).await?.unwrap_or(ticket);
        let message = "Closed; writing to it opens it again.".into();
        Ok(TicketChanged { message, ticket: TicketView::from(ticket) })
    }
}
