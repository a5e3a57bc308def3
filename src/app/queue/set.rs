//! Change when an account may post.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        posts::content,
        queue::{QueueView, WeeklyTimes, lock, view},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, FieldIssue, Result},
    ids::AccountId,
    model::{
        queue::{Rules, SLOTS_MAX, Slot, hours, spell},
        roles::Permission,
    },
    store::queue,
};

/// What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueSet {
    pub account_id: AccountId,
    /// All weekly times, in place of the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<Vec<WeeklyTimes>>,
    /// Local hours at which nothing goes out, such as 22:00-07:00; empty text: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<String>,
    /// Most posts in one local day; 0: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub daily_cap: Option<u32>,
    /// Least minutes between two posts; 0: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10080))]
    pub distance_minutes: Option<u32>,
    /// Refuse times that break these rules; otherwise they are allowed with a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct QueueChanged {
    pub message: String,
    pub queue: QueueView,
}

impl UseCase for QueueSet {
    type Input = Self;
    type Output = QueueChanged;
    type Form = Locally;
    const NAME: &'static str = "queue_set";
    const NEEDS: Permission = Permission::SchedulePosts;
    const EFFECT: Effect = Effect::Write;
}

impl Local for QueueSet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<QueueChanged> {
        let id = input.account_id;
        let account = content::known_accounts(scope, &[id]).await?.pop();
        let account = account.ok_or_else(|| Error::internal("an account was lost"))?;
        content::may_use(scope, &[id]).await?;
        queue::make(scope.tx, scope.ctx.workspace, id, scope.now).await?;
        let mut rules = lock(scope, &[id]).await?.remove(&id).unwrap_or_default();
        change(&mut rules, &input)?;
        queue::set(scope.tx, scope.ctx.workspace, id, &rules, scope.now).await?;
        let how = json!({
            "slots": rules.slots.len(),
            "quiet_hours": rules.quiet_hours.map(|hours| hours.to_string()),
            "daily_cap": rules.daily_cap,
            "distance_minutes": rules.distance_minutes,
            "strict": rules.strict,
        });
        scope.changed("queue", id, how);
        let slots = rules.slots.len();
        let queue = view(scope, &account, rules, 5).await?;
        let message =
            format!("@{} has {slots} weekly time(s) now. What is scheduled already keeps its time.", account.handle);
        Ok(QueueChanged { message, queue })
    }
}

fn change(rules: &mut Rules, input: &QueueSet) -> Result<()> {
    let mut issues = Vec::new();
    if let Some(weekly) = &input.slots {
        rules.slots = slots(weekly, &mut issues);
    }
    match input.quiet_hours.as_deref().map(str::trim) {
        None => {}
        Some("") => rules.quiet_hours = None,
        Some(text) => rules.quiet_hours = Some(text.parse()?),
    }
    if let Some(cap) = input.daily_cap {
        if cap > 1000 {
            issues.push(issue("daily_cap", "at most 1000"));
        }
        rules.daily_cap = Some(cap).filter(|cap| *cap > 0);
    }
    if let Some(minutes) = input.distance_minutes {
        if minutes > 10_080 {
            issues.push(issue("distance_minutes", "at most 10080, a week"));
        }
        rules.distance_minutes = minutes;
    }
    rules.strict = input.strict.unwrap_or(rules.strict);
    if let Some((slot, quiet)) =
        rules.quiet_hours.and_then(|quiet| Some((rules.slots.iter().find(|slot| quiet.hold(slot.at))?, quiet)))
    {
        let message = format!("{} {} lies in the quiet hours {quiet}", slot.day.as_str(), spell(slot.at));
        issues.push(issue("slots", message));
    }
    if issues.is_empty() {
        return Ok(());
    }
    Err(Error::invalid("queue_malformed", "The queue cannot be like this.").fields(issues))
}

fn slots(weekly: &[WeeklyTimes], issues: &mut Vec<FieldIssue>) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (index, part) in weekly.iter().enumerate() {
        if part.days.is_empty() || part.times.is_empty() {
            issues.push(issue(format!("slots[{index}]"), "needs at least one day and one time"));
        }
        for (place, text) in part.times.iter().enumerate() {
            match hours(text) {
                Some(at) => slots.extend(part.days.iter().map(|day| Slot { day: *day, at })),
                None => issues.push(issue(format!("slots[{index}].times[{place}]"), "a time of day such as 09:00")),
            }
        }
    }
    slots.sort_unstable();
    slots.dedup();
    if slots.len() > SLOTS_MAX {
        issues.push(issue("slots", format!("at most {SLOTS_MAX} times a week")));
    }
    slots
}

fn issue(field: impl Into<String>, message: impl Into<String>) -> FieldIssue {
    FieldIssue { field: field.into(), message: message.into() }
}
