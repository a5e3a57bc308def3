//! How long this workspace keeps what, and what was removed for its age.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    clock::Timestamp,
    error::{Error, Result},
    model::{privacy::RetentionKind, roles::Permission},
    store::privacy::retention,
};

/// Runs that are shown.
const RUNS: i64 = 10;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionGet {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Retention {
    pub rules: Vec<RetentionRule>,
    /// Newest first.
    pub runs: Vec<RetentionRun>,
    /// What no rule removes.
    pub never: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RetentionRule {
    pub kind: RetentionKind,
    pub removes: String,
    /// Missing: kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// Whether the workspace has set it.
    pub set: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RetentionRun {
    pub at: Timestamp,
    /// Rows by kind.
    pub removed: BTreeMap<String, u64>,
    /// False: more was left for the next run.
    pub complete: bool,
}

impl UseCase for RetentionGet {
    type Input = Self;
    type Output = Retention;
    type Form = Locally;
    const NAME: &'static str = "retention_get";
    const NEEDS: Permission = Permission::ReadRetention;
    const EFFECT: Effect = Effect::Read;
}

impl Local for RetentionGet {
    async fn run(scope: &mut Scope<'_>, _: Self) -> Result<Retention> {
        standing(scope).await
    }
}

/// As it is now.
pub(super) async fn standing(scope: &mut Scope<'_>) -> Result<Retention> {
    let set = retention::rules(scope.tx, scope.ctx.workspace).await?;
    let runs = retention::runs(scope.tx, scope.ctx.workspace, RUNS).await?;
    let rule = |kind: RetentionKind| {
        let own = set.iter().find(|(of, _)| *of == kind);
        let days = own.map_or(kind.rule().default_days, |(_, days)| *days);
        RetentionRule { kind, removes: kind.rule().removes.into(), days, set: own.is_some() }
    };
    let run = |run: retention::Run| {
        let removed = serde_json::from_value(run.removed).map_err(Error::internal)?;
        Ok(RetentionRun { at: run.ran_at, removed, complete: run.complete })
    };
    Ok(Retention {
        rules: RetentionKind::ALL.map(rule).to_vec(),
        runs: runs.into_iter().map(run).collect::<Result<_>>()?,
        never: "Audit entries, decisions, receipts, attempts, and posts that were sent or put before somebody.".into(),
    })
}

impl RetentionGet {
    pub fn say(found: &Retention) -> String {
        let rule = |rule: &RetentionRule| {
            let days = rule.days.map_or_else(|| "for good".to_owned(), |days| format!("{days} days"));
            let whose = if rule.set { "" } else { " (default)" };
            format!("{:15} {days}{whose}: {}", rule.kind.as_str(), rule.removes)
        };
        let run = |run: &RetentionRun| {
            let counts: Vec<_> = run.removed.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let counts = if counts.is_empty() { "nothing".into() } else { counts.join(", ") };
            format!("{}: {counts}{}", run.at, if run.complete { "" } else { ", and more is left" })
        };
        let mut text = found.rules.iter().map(rule).collect::<Vec<_>>().join("\n");
        text.push_str(&format!("\nNever removed: {}", found.never));
        if !found.runs.is_empty() {
            text.push_str("\nRemoved for its age:\n  ");
            text.push_str(&found.runs.iter().map(run).collect::<Vec<_>>().join("\n  "));
        }
        text
    }
}
