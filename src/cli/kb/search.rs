//! `allin kb search`.

use clap::Args;

use crate::{
    app::{ctx::Ctx, knowledge::search::KnowledgeSearch},
    boot::Booted,
    cli::{kb::progress, print},
    error::Result,
    model::roles::Role,
    tools::registry::Spoken as _,
};

#[derive(Args)]
pub struct Search {
    /// A question or words, in any language
    query: String,
    /// Most results, 1 to 20
    #[arg(short)]
    k: Option<u32>,
    /// Only documents of this category
    #[arg(long)]
    category: Option<String>,
    /// Only documents in this language, such as en
    #[arg(long)]
    language: Option<String>,
    /// Only results with at least this score, 0 to 1
    #[arg(long)]
    min_score: Option<f32>,
    /// Search as this role would
    #[arg(long)]
    role: Option<Role>,
    /// Do not wait for documents that are being read
    #[arg(long)]
    no_wait: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Search {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        if !self.no_wait {
            progress::wait(booted, ctx).await?;
        }
        let input = KnowledgeSearch {
            query: self.query,
            k: self.k,
            category: self.category,
            language: self.language,
            min_score: self.min_score,
            user_role: self.role,
        };
        let found = booted.app.call_once::<KnowledgeSearch>(ctx, input).await?;
        print::either(self.json, &found, || KnowledgeSearch::say(&found))
    }
}
