//! `allin doctor`: looks at everything a user can get wrong and says how to mend it. Each look stands alone, so that what
//! is broken is a line of the report and not the end of it; nothing is made by looking.

mod content;
mod database;
mod embeddings;
mod machine;
mod publishing;

use clap::Args;
use serde::Serialize;

use crate::{
    cli::print,
    config::Config,
    error::{Error, Result},
};

#[derive(Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// Works, but perhaps not as meant.
    Warning,
    /// Does not work.
    Problem,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    /// What was seen.
    seen: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    fn ok(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, seen: seen.into(), mend: None }
    }

    fn warning(name: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, seen: seen.into(), mend: Some(mend.into()) }
    }

    fn problem(name: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, status: Status::Problem, seen: seen.into(), mend: Some(mend.into()) }
    }

    /// A look that failed.
    fn failed(name: &'static str, error: &Error) -> Self {
        let public = error.public();
        Self::problem(name, public.message, public.next_step)
    }
}

#[derive(Serialize)]
struct Report {
    /// No problem was found.
    ok: bool,
    version: &'static str,
    checks: Vec<Check>,
}

impl Doctor {
    pub async fn run(self, config: Config) -> Result<()> {
        let mut checks = machine::look(&config).await;
        checks.extend(database::look(&config).await);
        checks.push(embeddings::look(&config).await);
        checks.extend(machine::look_outside(&config).await);
        self.tell(checks)
    }

    /// Nothing else can be looked at without the settings.
    pub fn without_settings(self, error: &Error) -> Result<()> {
        self.tell(vec![Check::failed("settings", error)])
    }

    fn tell(&self, checks: Vec<Check>) -> Result<()> {
        let count = |status: Status| checks.iter().filter(|check| check.status == status).count();
        let (problems, warnings) = (count(Status::Problem), count(Status::Warning));
        let report = Report { ok: problems == 0, version: env!("CARGO_PKG_VERSION"), checks };
        print::either(self.json, &report, || text(&report.checks))?;
        if problems > 0 {
            return Err(Error::operator("doctor_found_problems", format!("{} and {}.", counted(problems, "problem"), counted(warnings, "warning")))
                .next("Mend the problems from the top: later ones often follow from earlier ones. Then run `allin doctor` again."));
        }
        if !self.json {
            print::line(if warnings == 0 {
                "\nAll is well.".to_owned()
            } else {
                format!("\nNo problem, {}.", counted(warnings, "warning"))
            });
        }
        Ok(())
    }
}

fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let status = match check.status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Problem => "PROBLEM",
        };
        text.push_str(&format!("{status:<8} {:<width$}  {}\n", check.name, check.seen.trim_end()));
        if let Some(mend) = &check.mend {
            let indent = " ".repeat(width + 11);
            text.push_str(&format!("{indent}→ {}\n", mend.trim_end().replace('\n', &format!("\n{indent}  "))));
        }
    }
    text
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_an_error_and_a_warning_is_none() {
        let doctor = Doctor { json: true };
        let fine = vec![Check::ok("home", "here"), Check::warning("workers", "none", "start one")];
        doctor.tell(fine.clone()).unwrap();
        let mut bad = fine;
        bad.push(Check::failed("database", &Error::unavailable("database_unavailable", "Gone.")));
        assert_eq!(doctor.tell(bad).unwrap_err().message(), "1 problem and 1 warning.");
    }

    #[test]
    fn what_to_do_stands_below_what_was_seen() {
        let checks = [Check::ok("home", "here"), Check::problem("database", "gone", "run this:\ndo it")];
        let lines = "ok       home      here\nPROBLEM  database  gone\n                   → run this:\n                     do it\n";
        assert_eq!(text(&checks), lines);
    }
}
