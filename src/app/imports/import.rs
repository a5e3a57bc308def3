//! Take posts from a file, all of them or the good ones. The same file twice changes nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    check::{Checked, check},
    pictures::{self, Fetched, Kept, Wanted},
    write,
};
use crate::{
    app::{
        App,
        ctx::Ctx,
        pauses,
        progress::Progress,
        publishing::presence,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    error::{Error, FieldIssue, Result},
    model::{
        imports::{self, Format, Row, RowIssue},
        roles::Permission,
        times,
    },
    store,
};

/// Most problems and most warnings in one answer; the rest is counted.
const SHOWN: usize = 100;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostsImport {
    /// The file's text: CSV with a heading, or a JSON list.
    pub content: String,
    /// Default: told from the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Only check and tell what would happen. Default true: pass false to import.
    #[serde(default = "yes")]
    pub dry_run: bool,
    /// Import the good rows although others are not. Default false: all or nothing.
    #[serde(default)]
    pub only_good: bool,
    /// IANA zone of local times in rows without one. Default: the account's, else the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

fn yes() -> bool {
    true
}

/// What was, or would be, done.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    pub message: String,
    pub dry_run: bool,
    /// Rows of the file, empty ones aside.
    pub rows: usize,
    /// Posts made, or that would be made.
    pub imported: usize,
    /// Those of them that have a time.
    pub scheduled: usize,
    /// Rows that an earlier import brought.
    pub unchanged: usize,
    /// Rows that have problems.
    pub refused: usize,
    /// The first 100, by row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<RowIssue>,
    pub problems_total: usize,
    /// Times too close to others, crowded days, repeated texts, and what else deserves a look; the first 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<RowIssue>,
    pub warnings_total: usize,
    /// Campaigns that were named and are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub campaigns: Vec<String>,
    /// About all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl UseCase for PostsImport {
    type Input = Self;
    type Output = ImportReport;
    type Form = Remotely;
    const NAME: &'static str = "posts_import";
    const NEEDS: Permission = Permission::WriteDrafts;
    const EFFECT: Effect = Effect::Write;
}

/// What is left to do once the rows are read.
pub struct Plan {
    dry_run: bool,
    only_good: bool,
    time_zone: Option<String>,
    rows: Vec<Row>,
    /// Of reading the file.
    unread: Vec<RowIssue>,
    found: usize,
    checked: Checked,
    progress: Progress,
}

pub struct Outcome {
    plan: Plan,
    fetched: Fetched,
}

impl Remote for PostsImport {
    type Plan = Plan;
    type Outcome = Outcome;

    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        if let Some(zone) = &input.time_zone {
            times::zone(zone)?;
        }
        // Reading megabytes takes a while; other calls of this process go on meanwhile.
        let reading = tokio::task::spawn_blocking(move || imports::read(&input.content, input.format));
        let read = reading.await.map_err(Error::internal)??;
        let checked = check(scope, &read.rows, input.time_zone.as_deref(), Kept::new()).await?;
        let plan = Plan {
            dry_run: input.dry_run,
            only_good: input.only_good,
            time_zone: input.time_zone,
            rows: read.rows,
            unread: read.problems,
            found: read.found,
            checked,
            progress: scope.progress.clone(),
        };
        plan.may_go_on()?;
        Ok(plan)
    }

    async fn call(app: &App, ctx: &Ctx, mut plan: Plan) -> Result<Outcome> {
        let wanted = match plan.dry_run {
            true => Wanted::default(),
            false => std::mem::take(&mut plan.checked.wanted),
        };
        let fetched = pictures::fetch(app, ctx, wanted, &plan.progress).await?;
        if let Some((name, Err(error))) = fetched.iter().find(|(_, outcome)| !plan.only_good && outcome.is_err()) {
            return Err(Error::invalid("picture_unusable", format!("`{name}`: {}", error.message()))
                .next("Nothing was imported. Correct the row, or import only the good ones."));
        }
        Ok(Outcome { plan, fetched })
    }

    async fn finish(scope: &mut Scope<'_>, Outcome { mut plan, fetched }: Outcome) -> Result<ImportReport> {
        if plan.dry_run {
            return Ok(plan.report(None));
        }
        if !fetched.is_empty() {
            let kept = pictures::keep(scope, fetched).await?;
            plan.checked = check(scope, &plan.rows, plan.time_zone.as_deref(), kept).await?;
            plan.may_go_on()?;
        }
        let ready = std::mem::take(&mut plan.checked.ready);
        let written = write::write(scope, ready).await?;
        if written.posts > 0 {
            scope.changed("import", scope.ctx.request, write::note(&written));
        }
        let mut report = plan.report(Some(&written));
        if written.scheduled > 0 {
            for pause in store::pauses::list(scope.tx, scope.ctx.workspace).await? {
                let what = pauses::what(&pause);
                report
                    .notes
                    .push(format!("Publishing of {what} is paused ({}): what comes due is held.", pause.reason));
            }
            report.notes.extend(presence::warning(scope.tx, scope.now).await?);
        }
        Ok(report)
    }
}

impl Plan {
    fn problems(&self) -> Vec<RowIssue> {
        let mut problems: Vec<_> = self.unread.iter().chain(&self.checked.problems).cloned().collect();
        problems.sort_by_key(|problem| problem.row);
        problems
    }

    /// All or nothing, unless something else was asked for.
    fn may_go_on(&self) -> Result<()> {
        let problems = self.problems();
        if self.dry_run || self.only_good || problems.is_empty() {
            return Ok(());
        }
        let rows = rows_of(&problems);
        let total = problems.len();
        let shown = problems.into_iter().take(SHOWN).map(|problem| FieldIssue {
            field: format!("row {} {}", problem.row, problem.column).trim_end().to_owned(),
            message: problem.message,
        });
        let more =
            if total > SHOWN { format!(" The first {SHOWN} of {total} problems are listed.") } else { String::new() };
        Err(Error::invalid("import_refused", format!("{rows} row(s) have problems; nothing was imported.{more}"))
            .next("Correct them and import the file again, or import only the good rows (only_good).")
            .fields(shown))
    }

    fn report(&self, written: Option<&write::Written>) -> ImportReport {
        let mut problems = self.problems();
        let mut warnings = self.checked.warnings.clone();
        let (problems_total, warnings_total) = (problems.len(), warnings.len());
        let refused = rows_of(&problems);
        problems.truncate(SHOWN);
        warnings.truncate(SHOWN);
        let ready = &self.checked.ready;
        let timed = ready.iter().filter(|row| row.targets.iter().any(|target| target.moment.is_some())).count();
        let mut named: Vec<String> = ready
            .iter()
            .filter_map(|row| row.campaign.as_ref())
            .filter(|(_, id)| id.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        named.sort_unstable();
        named.dedup();
        let (imported, scheduled, also, campaigns) = match written {
            Some(written) => (written.posts, written.scheduled, written.unchanged, written.campaigns.clone()),
            None => (ready.len(), timed, 0, named),
        };
        let unchanged = self.checked.unchanged + also;
        let drafts = imported - scheduled;
        let what = format!("{scheduled} scheduled post(s) and {drafts} draft(s)");
        let message = match written {
            Some(_) => format!("Imported {what}; {unchanged} row(s) were here already, {refused} refused."),
            None => {
                format!(
                    "Nothing was written. An import would make {what}; {unchanged} row(s) are here already, {refused} have problems."
                )
            }
        };
        let mut notes = Vec::new();
        if self.dry_run && self.checked.wanted.count() > 0 {
            notes.push(format!(
                "{} picture(s) are fetched and checked only by the import itself.",
                self.checked.wanted.count()
            ));
        }
        ImportReport {
            message,
            dry_run: self.dry_run,
            rows: self.found,
            imported,
            scheduled,
            unchanged,
            refused,
            problems,
            problems_total,
            warnings,
            warnings_total,
            campaigns,
            notes,
        }
    }
}

fn rows_of(problems: &[RowIssue]) -> usize {
    let mut rows: Vec<_> = problems.iter().map(|problem| problem.row).collect();
    rows.dedup();
    rows.len()
}
