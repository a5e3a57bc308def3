//! Say who takes care of a ticket: somebody who answers tickets, or nobody in particular.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        members::known,
        tickets::{
            answers, held, name, tell_of,
            view::{TicketChanged, TicketView},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{MemberId, TicketId},
    model::{prose, roles::Permission},
    store::{knowledge::tickets, workspaces},
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketAssign {
    pub ticket_id: TicketId,
    /// A Manager or Admin, from member_list; left out: nobody in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<MemberId>,
    /// The version that was read; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

impl UseCase for TicketAssign {
    type Input = Self;
    type Output = TicketChanged;
    type Form = Locally;
    const NAME: &'static str = "ticket_assign";
    const NEEDS: Permission = Permission::AnswerTickets;
    const EFFECT: Effect = Effect::Write;

    /// Without the words.
    fn keep(output: &TicketChanged) -> Result<serde_json::Value> {
        super::kept(output)
    }
}

impl Local for TicketAssign {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<TicketChanged> {
        let workspace = scope.ctx.workspace;
        workspaces::hold_members(scope.tx, workspace).await?;
        let mut ticket = held(scope, input.ticket_id, input.version).await?;
        let assignee = match input.assignee_id {
            Some(id) => Some(known(scope, id).await?),
            None => None,
        };
        if assignee.as_ref().is_some_and(|member| !answers(member.role)) {
            return Err(Error::conflict("assignee_cannot_answer", "This member does not answer tickets.")
                .next("Choose a Manager or an Admin.")
                .field("assignee_id", "a Manager or an Admin"));
        }
        let before = ticket.assignee_id;
        ticket.assignee_id = input.assignee_id;
        tickets::update(scope.tx, workspace, &ticket, scope.now).await?;
        scope.changed("ticket", ticket.ticket_id, json!({ "assignee": ticket.assignee_id }));
        let told = ticket.assignee_id.filter(|id| before != Some(*id) && scope.ctx.member() != Some(*id));
        let title = format!("{} gave you a ticket", name(scope));
        tell_of(scope, told.into_iter().collect(), ticket.ticket_id, ("ticket_assigned", title)).await?;
        let message = match &assignee {
            Some(member) => format!("{} takes care of it.", prose::line(&member.display_name)),
            None => "Nobody in particular takes care of it now.".into(),
        };
        let ticket = tickets::get(scope.tx, workspace, ticket.ticket_id).await?.unwrap_or(ticket);
        Ok(TicketChanged { message, ticket: TicketView::from(ticket) })
    }
}
