//! `allin task`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        tasks::{create::TaskCreate, list::TaskList, update::TaskUpdate},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{CampaignId, MemberId, PostId, TaskId},
    model::tasks::TaskState,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Task {
    /// Make a task
    Create {
        title: String,
        #[arg(long)]
        note: Option<String>,
        /// Who is to do it
        #[arg(long)]
        assignee: Option<MemberId>,
        /// A day, or a time such as 2026-12-01T09:00 or 'friday 12:00'
        #[arg(long)]
        due: Option<String>,
        /// The post it is about
        #[arg(long)]
        post: Option<PostId>,
        /// The campaign it is about
        #[arg(long)]
        campaign: Option<CampaignId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List tasks by due time; open ones unless told
    List {
        /// Only those given to you
        #[arg(long)]
        mine: bool,
        /// Only those given to this member
        #[arg(long, conflicts_with = "mine")]
        assignee: Option<MemberId>,
        #[arg(long)]
        post: Option<PostId>,
        #[arg(long)]
        campaign: Option<CampaignId>,
        /// Only what was due before now
        #[arg(long)]
        overdue: bool,
        /// open, done or dropped
        #[arg(long)]
        state: Option<TaskState>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that a task is done
    Done { task: TaskId },
    /// Nobody is to do it any more
    Drop { task: TaskId },
    /// Change a task
    Update {
        task: TaskId,
        #[arg(long)]
        title: Option<String>,
        #[arg(long)]
        note: Option<String>,
        /// Who is to do it
        #[arg(long)]
        assignee: Option<MemberId>,
        /// Nobody has it
        #[arg(long, conflicts_with = "assignee")]
        unassign: bool,
        /// A day or a time; '' takes it away
        #[arg(long)]
        due: Option<String>,
        /// open, done or dropped
        #[arg(long)]
        state: Option<TaskState>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Task {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Create { title, note, assignee, due, post, campaign, json } => {
                let input =
                    TaskCreate { title, note, assignee_id: assignee, due, post_id: post, campaign_id: campaign };
                let made = app.call_once::<TaskCreate>(ctx, input).await?;
                print::either(json, &made, || TaskCreate::say(&made))
            }
            Self::List { mine, assignee, post, campaign, overdue, state, limit, cursor, json } => {
                let input = TaskList {
                    mine: mine.then_some(true),
                    assignee_id: assignee,
                    post_id: post,
                    campaign_id: campaign,
                    overdue: overdue.then_some(true),
                    state,
                    limit,
                    cursor,
                };
                let found = app.call_once::<TaskList>(ctx, input).await?;
                print::either(json, &found, || TaskList::say(&found))
            }
            Self::Done { task } => {
                let input = TaskUpdate { state: Some(TaskState::Done), ..TaskUpdate::of(task) };
                update(booted, ctx, input, false).await
            }
            Self::Drop { task } => {
                let input = TaskUpdate { state: Some(TaskState::Dropped), ..TaskUpdate::of(task) };
                update(booted, ctx, input, false).await
            }
            Self::Update { task, title, note, assignee, unassign, due, state, json } => {
                let input = TaskUpdate {
                    title,
                    note,
                    assignee_id: assignee,
                    unassign: unassign.then_some(true),
                    due,
                    state,
                    ..TaskUpdate::of(task)
                };
                update(booted, ctx, input, json).await
            }
        }
    }
}

async fn update(booted: &Booted, ctx: &Ctx, input: TaskUpdate, json: bool) -> Result<()> {
    let changed = booted.app.call_once::<TaskUpdate>(ctx, input).await?;
    print::either(json, &changed, || TaskUpdate::say(&changed))
}
