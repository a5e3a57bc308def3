//! What is held, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        cursor,
        posts::query::check_limit,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::Result,
    ids::{AccountId, AttemptId, CampaignId, PostId},
    model::{pauses::PauseScope, roles::Permission, times},
    store::held::{self, Filter, Held},
};

/// Every filter left out means "any".
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldList {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A reason such as paused, missed, outcome_unknown, account_disconnected, not_approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Lines per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// By the time that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HeldPage {
    pub held: Vec<HeldView>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A post that waits for a person on one account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct HeldView {
    pub post_id: PostId,
    pub account_id: AccountId,
    /// `network/handle`.
    pub account: String,
    pub excerpt: String,
    pub version: i32,
    /// When it was to go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The same, local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_local: Option<String>,
    pub held_at: Timestamp,
    pub reason: String,
    pub message: String,
    pub next_step: String,
    /// How late a post may go out on this account before it is held.
    pub tolerance_minutes: i32,
    /// A call whose outcome nobody knows; held_resolve settles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_attempt: Option<OpenAttempt>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct OpenAttempt {
    pub attempt_id: AttemptId,
    /// Which message of the thread, from 1.
    pub message: i32,
    pub since: Timestamp,
    /// The same, local.
    pub since_local: String,
    /// What is known of it.
    pub evidence: String,
}

impl UseCase for HeldList {
    type Input = Self;
    type Output = HeldPage;
    type Form = Locally;
    const NAME: &'static str = "held_list";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for HeldList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<HeldPage> {
        let limit = check_limit(input.limit, 100)?;
        let zone = scope.entered.time_zone.clone();
        let named = Self { limit: None, cursor: None, ..input.clone() };
        let list = format!("held {}", serde_json::to_string(&named).unwrap_or_default());
        let tag = match &input.tag {
            Some(tag) => PauseScope::chosen(None, None, Some(tag))?.tag().map(str::to_owned),
            None => None,
        };
        let filter = Filter {
            posts: None,
            account: input.account_id,
            campaign: input.campaign_id,
            tag,
            code: input.reason,
            author: scope.ctx.member().filter(|_| !scope.role().sees_all_drafts()),
            after: input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?,
        };
        let mut rows = held::list(scope.tx, scope.ctx.workspace, &filter, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| cursor::seal(scope.app, &list, row.due_at.unwrap_or(row.held_at), row.target_id.uuid()));
        Ok(HeldPage { held: rows.into_iter().map(|row| view(row, &zone)).collect(), next_cursor })
    }
}

fn view(row: Held, zone: &str) -> HeldView {
    let due_zone = row.due_zone.as_deref().unwrap_or(zone);
    let open_attempt = row.attempt_id.zip(row.attempt_armed_at).map(|(attempt_id, since)| OpenAttempt {
        attempt_id,
        message: row.attempt_ordinal.unwrap_or(0) + 1,
        since,
        since_local: times::spoken(since, zone),
        evidence: row.attempt_evidence.clone().unwrap_or_default(),
    });
    HeldView {
        post_id: row.post_id,
        account_id: row.account_id,
        account: format!("{}/{}", row.network, row.handle),
        excerpt: row.excerpt,
        version: row.version,
        due_at: row.due_at,
        due_local: row.due_at.map(|due| times::spoken(due, due_zone)),
        held_at: row.held_at,
        reason: row.code,
        message: row.message,
        next_step: row.next_step,
        tolerance_minutes: row.tolerance_secs / 60,
        open_attempt,
    }
}
