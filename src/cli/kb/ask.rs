//! `allin kb ask`.

use clap::Args;

use crate::{
    app::{ctx::Ctx, knowledge::ask::KnowledgeAsk},
    boot::Booted,
    cli::{kb::progress, print},
    error::Result,
    ids::ConversationId,
    model::roles::Role,
    tools::registry::Spoken as _,
};

#[derive(Args)]
pub struct Ask {
    /// As a person would ask it, in any language
    question: String,
    /// Go on with a conversation
    #[arg(long)]
    conversation: Option<ConversationId>,
    /// Language of the answer, such as de; default: that of the question
    #[arg(long)]
    language: Option<String>,
    /// Only documents of this category
    #[arg(long)]
    category: Option<String>,
    /// Answer as for a member of this role
    #[arg(long)]
    role: Option<Role>,
    /// What you were doing
    #[arg(long)]
    context: Option<String>,
    /// Do not wait for documents that are being read
    #[arg(long)]
    no_wait: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Ask {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        if !self.no_wait {
            progress::wait(booted, ctx).await?;
        }
        let input = KnowledgeAsk {
            question: self.question,
            conversation_id: self.conversation,
            language: self.language,
            category: self.category,
            user_role: self.role,
            feature_context: self.context,
        };
        let answered = booted.app.call_once::<KnowledgeAsk>(ctx, input).await?;
        print::either(self.json, &answered, || KnowledgeAsk::say(&answered))
    }
}
