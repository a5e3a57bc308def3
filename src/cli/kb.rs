//! `allin kb`.

mod add;
mod ask;
mod calibrate;
mod conversations;
mod eval;
mod progress;
mod rate;
mod search;

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        knowledge::{list::KnowledgeList, remove::KnowledgeRemove, view::DocumentState},
    },
    boot::Booted,
    cli::{asking, print},
    error::Result,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Kb {
    /// Add files, folders of files, or a web page
    Add(add::Add),
    /// List the documents that are for you
    List {
        /// Only of this category
        #[arg(long)]
        category: Option<String>,
        /// waiting, embedding, ready or failed
        #[arg(long)]
        state: Option<DocumentState>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a document and everything that was made of it
    Remove {
        /// Its id or path
        document: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Find passages
    Search(search::Search),
    /// Ask a question; what the documents do not answer goes to a person
    Ask(ask::Ask),
    /// Say whether an answer helped
    Rate(rate::Rate),
    /// What you asked before, or one of these conversations
    Conversations(conversations::Conversations),
    /// Measure searches and confidence on labelled questions
    Eval(eval::Eval),
    /// Fit the confidence to labelled questions, for the next build
    Calibrate(calibrate::Calibrate),
}

impl Kb {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Add(command) => command.run(booted, ctx).await,
            Self::List { category, state, limit, cursor, json } => {
                let found =
                    app.call_once::<KnowledgeList>(ctx, KnowledgeList { category, state, limit, cursor }).await?;
                print::either(json, &found, || KnowledgeList::say(&found))
            }
            Self::Remove { document, yes } => {
                let removed = asking::<KnowledgeRemove>(booted, ctx, KnowledgeRemove { document }, yes).await?;
                print::line(KnowledgeRemove::say(&removed));
                Ok(())
            }
            Self::Search(command) => command.run(booted, ctx).await,
            Self::Ask(command) => command.run(booted, ctx).await,
            Self::Rate(command) => command.run(booted, ctx).await,
            Self::Conversations(command) => command.run(booted, ctx).await,
            Self::Eval(command) => command.run(booted, ctx).await,
            Self::Calibrate(command) => command.run(booted, ctx).await,
        }
    }
}
