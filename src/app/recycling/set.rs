//! Set an account's rule for recycling, or stop it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        accounts::known,
        posts::content,
        recycling::{RecyclingView, forbidden, view},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, FieldIssue, Result},
    ids::AccountId,
    model::{recycling::Rule, roles::Permission},
    store::recycling::{self, StoredRule},
};

/// What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecyclingSet {
    pub account_id: AccountId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Only posts that went out at least so many days ago. Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub min_age_days: Option<i32>,
    /// The same words not again within so many days. Default: 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub window_days: Option<i32>,
    /// At most so many a week, spread over it. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 7))]
    pub per_week: Option<i32>,
    /// Only the best so many by engagement. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub candidates: Option<i32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecyclingChanged {
    /// What was done, for a person.
    pub message: String,
    pub recycling: RecyclingView,
}

impl UseCase for RecyclingSet {
    type Input = Self;
    type Output = RecyclingChanged;
    type Form = Locally;
    const NAME: &'static str = "recycling_set";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for RecyclingSet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<RecyclingChanged> {
        let account = known(scope, input.account_id).await?;
        content::may_use(scope, &[input.account_id]).await?;
        let member_id = scope.ctx.member().ok_or_else(|| Error::internal("a rule needs somebody who stands for it"))?;
        let present = recycling::lock(scope.tx, scope.ctx.workspace, input.account_id).await?;
        let rule = changed(present.map(|stored| stored.rule).unwrap_or_default(), &input)?;
        if rule.enabled && forbidden(scope, &account) {
            return Err(Error::conflict(
                "network_forbids_repeats",
                format!("{} does not take the same text twice.", account.network.title()),
            )
            .next("Write a new post with other words instead."));
        }
        let stored = StoredRule { rule, member_id };
        recycling::put_rule(scope.tx, scope.ctx.workspace, input.account_id, &stored, scope.now).await?;
        scope.changed("recycling_rule", input.account_id, json!(rule));
        let recycling = view(scope, &account).await?;
        Ok(RecyclingChanged { message: said(&recycling), recycling })
    }
}

fn changed(mut rule: Rule, input: &RecyclingSet) -> Result<Rule> {
    let mut issues = Vec::new();
    let fields = [
        ("min_age_days", input.min_age_days, 3650, &mut rule.min_age_days),
        ("window_days", input.window_days, 3650, &mut rule.window_days),
        ("per_week", input.per_week, 7, &mut rule.per_week),
        ("candidates", input.candidates, 100, &mut rule.candidates),
    ];
    for (field, wanted, most, place) in fields {
        match wanted {
            Some(value) if (1..=most).contains(&value) => *place = value,
            Some(_) => issues.push(FieldIssue { field: field.into(), message: format!("between 1 and {most}") }),
            None => {}
        }
    }
    rule.enabled = input.enabled.unwrap_or(rule.enabled);
    match issues.is_empty() {
        true => Ok(rule),
        false => Err(Error::invalid("rule_out_of_range", "The rule cannot be like this.").fields(issues)),
    }
}

fn said(recycling: &RecyclingView) -> String {
    let account = &recycling.account;
    if recycling.rule.enabled {
        return match &recycling.next {
            Some(next) => format!("Recycling is on for {account}; next: {} at {}.", next.excerpt, next.at_local),
            None => format!("Recycling is on for {account}; no evergreen post may go out again yet."),
        };
    }
    match &recycling.upcoming {
        Some(upcoming) => format!(
            "Recycling is off for {account}. {} is planned already for {}: post_cancel takes it back.",
            upcoming.post_id, upcoming.at_local
        ),
        None => format!("Recycling is off for {account}."),
    }
}
