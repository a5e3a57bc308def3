//! The command line: one file per noun. Each command reads its arguments, calls a use case, and prints what it says.

mod account;
mod approval;
mod audit;
mod background;
mod calendar;
mod campaign;
mod comment;
mod crisis;
mod db;
mod demo;
mod doctor;
mod export;
mod held;
mod import;
mod kb;
mod key;
mod member;
mod notification;
mod parse_document;
mod passphrase;
mod pause;
mod plan;
mod post;
mod print;
mod privacy;
mod queue;
mod receipt;
mod recycling;
mod series;
mod serve;
mod setup;
mod simulate;
mod stdio;
mod task;
mod ticket;
mod tools;
mod workspace;

use clap::{Parser, Subcommand};

use crate::{
    app::{
        ctx::{Actor, Ctx, Origin},
        use_case::{CallOptions, Reply, UseCase},
    },
    boot::{self, Booted, SandboxUse},
    config::{Config, VARIABLES},
    error::{Error, Result},
};

/// Plan, schedule and publish on social networks, from any MCP client.
#[derive(Parser)]
#[command(name = "allin", version, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show everything working, on the built-in practice network; no key, no account
    Demo(demo::Demo),
    /// Serve one MCP client on this machine over standard input and output
    Stdio(stdio::Stdio),
    /// Serve MCP over HTTP, and keep publishing
    Serve(serve::Serve),
    /// Keep AllIN running in the background: install, status, remove
    #[command(subcommand)]
    Service(background::Background),
    /// Fetch what AllIN needs and set up the home folder
    Setup(setup::Setup),
    /// Check everything that can be wrong, and say how to mend it
    Doctor(doctor::Doctor),
    /// Stop publishing: all of it, or an account, a campaign or a tag
    Pause(pause::Pause),
    /// Let it go on
    Resume(pause::Resume),
    /// Something wrong went out, or an account is not in safe hands: start, status, delete, revoke, note, end, report
    #[command(subcommand)]
    Crisis(crisis::Crisis),
    /// Held posts: list, release, settle unknown outcomes
    #[command(subcommand)]
    Held(held::Held),
    /// Workspaces: list, create, change
    #[command(subcommand)]
    Workspace(workspace::Workspace),
    /// Members of the workspace, their roles, and what they did
    #[command(subcommand)]
    Member(member::Member),
    /// What you have been told, and what of it comes by mail
    #[command(subcommand)]
    Notification(notification::Notification),
    /// Approvals: policies, what waits, ask, delegate, require it for everything
    #[command(subcommand)]
    Approval(approval::Approval),
    Approve(approval::Approve),
    Reject(approval::Reject),
    /// People outside who approve by links in mails
    #[command(subcommand)]
    Reviewer(approval::Reviewer),
    /// The passphrase that proves who decides
    #[command(subcommand)]
    Passphrase(passphrase::Passphrase),
    /// The workspace's plan and what is in use of it; set it, add and end packs of credits
    #[command(subcommand)]
    Plan(plan::Plan),
    /// API keys for HTTP clients
    #[command(subcommand)]
    Key(key::Key),
    /// Accounts on social networks
    #[command(subcommand)]
    Account(account::Account),
    /// Posts: draft, preview, schedule, publish, edit, find, cancel, delete; versions, calendar, figures
    #[command(subcommand)]
    Post(post::Post),
    /// What the team says about a post: add, list, delete
    #[command(subcommand)]
    Comment(comment::Comment),
    /// Documents and answers: add, list, remove, search, eval, calibrate
    #[command(subcommand)]
    Kb(kb::Kb),
    /// Questions that people answer: list, show, open, answer, assign, close, make a document of one
    #[command(subcommand)]
    Ticket(ticket::Ticket),
    /// Tasks: create, list, done, drop, update
    #[command(subcommand)]
    Task(task::Task),
    /// When accounts post: weekly times, quiet hours, caps
    #[command(subcommand)]
    Queue(queue::Queue),
    /// Evergreen posts that go out again
    #[command(subcommand)]
    Recycling(recycling::Recycling),
    /// Posts that recur by a rule
    #[command(subcommand)]
    Series(series::Series),
    /// Campaigns: create, list, show, schedule, change
    #[command(subcommand)]
    Campaign(campaign::Campaign),
    /// Take posts from a CSV or JSON file; the same file twice changes nothing
    Import(import::Import),
    /// Write posts as CSV or JSON, as an import takes them
    Export(export::Export),
    /// Print the tools that MCP clients are offered
    Tools(tools::Tools),
    /// The audit log: verify, export, public key
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Signed receipts of what was published: show, verify
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    /// Personal data: take it along, erase it, how long it is kept, who agreed to what
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// The database: status, migrate, upgrade, backup, restore
    #[command(subcommand)]
    Db(db::Db),
    /// Run the practice network by itself
    Simulate(simulate::Simulate),
    /// Read one document from standard input, within limits
    #[command(hide = true)]
    ParseDocument(parse_document::ParseDocument),
}

impl Cli {
    pub async fn run(self, config: Config) -> Result<()> {
        match self.command {
            Command::Demo(command) => command.run(config).await,
            Command::Stdio(command) => Box::pin(command.run(config)).await,
            Command::Serve(command) => command.run(config).await,
            Command::Service(command) => Box::pin(command.run(config)).await,
            Command::Setup(command) => command.run(config).await,
            Command::Doctor(command) => command.run(config).await,
            Command::Db(command) => command.run(config).await,
            Command::Simulate(command) => command.run(config).await,
            Command::Tools(command) => command.run(),
            Command::ParseDocument(command) => command.run(),
            Command::Pause(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Resume(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Crisis(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Held(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Workspace(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Member(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Approval(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Approve(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Reject(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Reviewer(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Passphrase(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Notification(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Plan(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Key(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Privacy(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Account(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Campaign(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Import(command) if command.prints_only() => command.print(),
            Command::Import(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Export(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Post(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Comment(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Kb(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Ticket(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Task(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Queue(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Recycling(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Series(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Audit(command) if command.prints_only() => command.print(&config),
            Command::Receipt(command) if command.prints_only() => command.print(&config),
            Command::Receipt(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
            Command::Audit(command) => once(config, async |booted, ctx| command.run(booted, ctx).await).await,
        }
    }
}

impl Cli {
    /// Runs a command that must not have settings, log or threads of the runtime: it reads what it cannot trust.
    pub fn run_bare(&self) -> Option<Result<()>> {
        match &self.command {
            Command::ParseDocument(command) => Some(command.run()),
            _ => None,
        }
    }

    /// The settings cannot be read. The doctor says so like everything else it finds; other commands cannot go on.
    pub fn without_settings(self, error: Error) -> Result<()> {
        match self.command {
            Command::Doctor(command) => command.without_settings(&error),
            _ => Err(error),
        }
    }
}

/// Starts what a short command needs, runs it, and leaves everything as it was.
async fn once(config: Config, command: impl AsyncFnOnce(&Booted, &Ctx) -> Result<()>) -> Result<()> {
    let booted = boot::boot(config, SandboxUse::Call).await?;
    booted.app.set_terminal(passphrase::ask);
    let ctx = person(&booted);
    let result = command(&booted, &ctx).await;
    // The audit entry of this command is chained now rather than by whoever comes next.
    _ = crate::app::audit::seal::seal_pending(&booted.app).await;
    let closed = booted.close().await;
    result.and(closed)
}

/// Calls a use case that asks first: the person answers here.
async fn asking<U: UseCase>(booted: &Booted, ctx: &Ctx, input: U::Input, yes: bool) -> Result<U::Output> {
    match booted.app.call::<U>(ctx, input.clone(), CallOptions::default()).await? {
        Reply::Ask(asked) => {
            print::agree(&asked, yes)?;
            let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
            booted.app.call::<U>(ctx, input, options).await?.done()
        }
        done @ Reply::Done(_) => done.done(),
    }
}

/// The person at the command line.
fn person(booted: &Booted) -> Ctx {
    let member = booted.config.member.unwrap_or(booted.home_owner.member);
    Ctx {
        workspace: booted.config.workspace.unwrap_or(booted.home_owner.workspace),
        actor: Actor::Person { member },
        origin: Origin::CommandLine,
        request: booted.app.new_request(),
    }
}

fn after_help() -> String {
    let width = VARIABLES.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<_> = VARIABLES.iter().map(|(name, meaning)| format!("  {name:width$}  {meaning}")).collect();
    format!("Settings, as environment variables:\n{}", lines.join("\n"))
}
