//! Tickets that the caller sees, the last changed first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        cursor,
        posts::query::check_limit,
        tickets::{answers, view::TicketView},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    model::{roles::Permission, tickets::TicketState},
    store::knowledge::tickets::{self, Filter},
};

/// Every filter left out means "any"; without a state, those that are not closed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketList {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TicketState>,
    /// Only those that you opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
    /// Only those that you take care of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<bool>,
    /// Tickets per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tickets {
    pub tickets: Vec<TicketView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl UseCase for TicketList {
    type Input = Self;
    type Output = Tickets;
    type Form = Locally;
    const NAME: &'static str = "ticket_list";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Read;
}

impl Local for TicketList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Tickets> {
        let limit = check_limit(input.limit, 100)?;
        let own = scope.ctx.member();
        let list = list_name(scope, &input);
        let filter = Filter {
            ticket: None,
            state: input.state,
            of: own.filter(|_| input.mine.unwrap_or(false) || !answers(scope.role())),
            assignee: own.filter(|_| input.assigned.unwrap_or(false)),
            closed_too: input.state.is_some(),
            after: input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?,
        };
        let mut rows = tickets::list(scope.tx, scope.ctx.workspace, &filter, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|row| cursor::seal(scope.app, &list, row.updated_at, row.ticket_id.uuid()));
        Ok(Tickets { tickets: rows.into_iter().map(TicketView::from).collect(), next_cursor })
    }
}

/// Names the list with its filters and its reader, so that a cursor fits no other.
fn list_name(scope: &Scope<'_>, input: &TicketList) -> String {
    let filters = TicketList { cursor: None, limit: None, ..input.clone() };
    format!("tickets {:?} {}", scope.ctx.member(), serde_json::to_string(&filters).unwrap_or_default())
}
