//! `allin kb rate`.

use clap::{ArgGroup, Args};

use crate::{
    app::{ctx::Ctx, knowledge::rate::KnowledgeRate},
    boot::Booted,
    cli::print,
    error::Result,
    ids::AnswerId,
    tools::registry::Spoken as _,
};

#[derive(Args)]
#[command(group = ArgGroup::new("verdict").required(true))]
pub struct Rate {
    /// The answer's id
    answer: AnswerId,
    /// It helped
    #[arg(long, group = "verdict")]
    helpful: bool,
    /// It did not
    #[arg(long, group = "verdict")]
    unhelpful: bool,
    /// What was wrong or missing
    #[arg(long)]
    comment: Option<String>,
}

impl Rate {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let input = KnowledgeRate { answer_id: self.answer, helpful: self.helpful, comment: self.comment };
        let rated = booted.app.call_once::<KnowledgeRate>(ctx, input).await?;
        print::line(KnowledgeRate::say(&rated));
        Ok(())
    }
}
