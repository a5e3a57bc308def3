//! A crisis: what stops, what is listed and deleted, what is revoked, and what the report says.

mod deleting;
mod revoking;
mod starting;
mod told;

use allin::{
    app::{
        crisis::{
            delete::{CrisisDelete, CrisisDeleted},
            published::Publication,
            report::{CrisisReport, IncidentReport},
            situation::Situation,
            start::{CrisisStart, CrisisStarted},
            status::CrisisStatus,
        },
        ctx::Ctx,
    },
    error::Result,
    ids::{AccountId, MemberId, PostId},
    model::{crisis::Standing, roles::Role},
};

use crate::support::{
    Setup, TestApp,
    people::{Door, Team},
};

/// A workspace with an Admin, a Manager, and a Publisher, who may use two accounts.
pub struct Stage {
    pub app: TestApp,
    pub team: Team,
    pub manager: MemberId,
    pub publisher: MemberId,
    pub accounts: [AccountId; 2],
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let app = TestApp::with(setup).await;
        let team = app.team("Bakery").await;
        let accounts = [app.account(&team, "bakery").await, app.account(&team, "cafe").await];
        let manager = app.member_called(&team, "Mona", Role::Manager).await;
        let publisher = app.member_called(&team, "Paul", Role::Publisher).await;
        for account in accounts {
            app.grant(&team, account, publisher).await;
        }
        Self { app, team, manager, publisher, accounts }
    }

    /// The Manager's program.
    pub fn leader(&self) -> Ctx {
        self.team.ctx(&self.app, self.manager, Door::Stdio)
    }

    /// The Publisher's program.
    pub fn author(&self) -> Ctx {
        self.team.ctx(&self.app, self.publisher, Door::Stdio)
    }

    /// Public on these accounts, a minute later.
    pub async fn published(&self, text: &str, accounts: &[AccountId]) -> PostId {
        let due = self.app.now().plus_secs(60).to_string();
        let id = self.app.scheduled(&self.author(), text, accounts, &due).await.id;
        self.app.clock.advance_secs(60);
        assert!(self.app.publish_due().await > 0, "{text}");
        id
    }

    pub async fn start(&self, ctx: &Ctx) -> Result<CrisisStarted> {
        self.start_since(ctx, "A wrong price went out", None).await
    }

    pub async fn start_since(&self, ctx: &Ctx, reason: &str, since: Option<&str>) -> Result<CrisisStarted> {
        let input = CrisisStart { reason: reason.into(), since: since.map(str::to_owned) };
        self.app.call_once::<CrisisStart>(ctx, input).await
    }

    pub async fn now(&self) -> Situation {
        self.app.call_once::<CrisisStatus>(&self.leader(), CrisisStatus {}).await.unwrap().situation.unwrap()
    }

    pub async fn delete(&self, posts: &[PostId]) -> Result<CrisisDeleted> {
        let input = CrisisDelete { post_ids: posts.to_vec(), all_since: posts.is_empty() };
        self.app.agreed::<CrisisDelete>(&self.leader(), input).await
    }

    pub async fn report(&self) -> IncidentReport {
        self.app.call_once::<CrisisReport>(&self.leader(), CrisisReport::default()).await.unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut superuser = self.app.database.superuser().await;
        sqlx::query_scalar(sql).fetch_one(&mut superuser).await.unwrap()
    }
}

/// Text, account and standing.
pub fn standings(published: &[Publication]) -> Vec<(&str, &str, Standing)> {
    published.iter().map(|one| (one.excerpt.as_str(), one.account.as_str(), one.standing)).collect()
}
