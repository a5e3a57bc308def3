//! Tasks that the caller sees, by due time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        campaigns::no_such_campaign,
        cursor,
        members::known,
        posts::{self, query::check_limit},
        tasks::{TaskView, own_view, view},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{CampaignId, MemberId, PostId},
    model::{roles::Permission, tasks::TaskState},
    store::{
        campaigns,
        tasks::{self, Filter, never},
    },
};

/// Every filter left out means "any"; without a state, open ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskList {
    /// Only those given to you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<MemberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// Only open ones that were due before now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    /// Tasks per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Those due first come first, those without a due time last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tasks {
    pub tasks: Vec<TaskView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl UseCase for TaskList {
    type Input = Self;
    type Output = Tasks;
    type Form = Locally;
    const NAME: &'static str = "task_list";
    const NEEDS: Permission = Permission::ReadTasks;
    const EFFECT: Effect = Effect::Read;
}

impl Local for TaskList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Tasks> {
        let limit = check_limit(input.limit, 100)?;
        let filter = filter(scope, &input).await?;
        let list = list_name(scope, &input);
        let after = input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?;
        let filter = Filter { after, ..filter };
        let mut rows = tasks::list(scope.tx, scope.ctx.workspace, &filter, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next_cursor =
            last.map(|row| cursor::seal(scope.app, &list, row.due_at.unwrap_or_else(never), row.task_id.uuid()));
        let zone = &scope.entered.time_zone;
        Ok(Tasks { tasks: rows.into_iter().map(|row| view(row, zone, scope.now)).collect(), next_cursor })
    }
}

async fn filter(scope: &mut Scope<'_>, input: &TaskList) -> Result<Filter> {
    let workspace = scope.ctx.workspace;
    if let Some(post) = input.post_id {
        posts::seen(scope, post).await?;
    }
    if let Some(campaign) = input.campaign_id {
        campaigns::get(scope.tx, workspace, campaign).await?.ok_or_else(no_such_campaign)?;
    }
    if let Some(member) = input.assignee_id {
        known(scope, member).await?;
    }
    let assignee = match (input.mine.unwrap_or(false), input.assignee_id) {
        (true, Some(_)) => {
            return Err(Error::invalid("mine_and_assignee", "Ask for your own tasks or for a member's, not both.")
                .field("assignee_id", "leave it out when mine is true"));
        }
        (true, None) => scope.ctx.member(),
        (false, assignee) => assignee,
    };
    let overdue = input.overdue.unwrap_or(false);
    Ok(Filter {
        assignee,
        post: input.post_id,
        campaign: input.campaign_id,
        state: Some(input.state.unwrap_or(TaskState::Open)).filter(|_| !overdue),
        due_before: overdue.then_some(scope.now),
        ..own_view(scope)
    })
}

/// Names the list with its filters and its reader, so that a cursor fits no other.
fn list_name(scope: &Scope<'_>, input: &TaskList) -> String {
    let filters = TaskList { cursor: None, limit: None, ..input.clone() };
    format!("tasks {:?} {}", scope.ctx.member(), serde_json::to_string(&filters).unwrap_or_default())
}
