//! `allin kb conversations`.

use clap::Args;

use crate::{
    app::{
        conversations::{get::ConversationGet, list::ConversationList},
        ctx::Ctx,
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::ConversationId,
    tools::registry::Spoken as _,
};

#[derive(Args)]
pub struct Conversations {
    /// Show one of them
    conversation: Option<ConversationId>,
    #[arg(long)]
    limit: Option<u32>,
    #[arg(long)]
    cursor: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Conversations {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        if let Some(conversation_id) = self.conversation {
            let found = app.call_once::<ConversationGet>(ctx, ConversationGet { conversation_id }).await?;
            return print::either(self.json, &found, || ConversationGet::say(&found));
        }
        let input = ConversationList { limit: self.limit, cursor: self.cursor };
        let found = app.call_once::<ConversationList>(ctx, input).await?;
        print::either(self.json, &found, || ConversationList::say(&found))
    }
}
