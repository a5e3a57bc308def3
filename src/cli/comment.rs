//! `allin comment`.

use clap::Subcommand;

use crate::{
    app::{
        comments::{add::CommentAdd, delete::CommentDelete, list::CommentList},
        ctx::Ctx,
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{CommentId, PostId},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Comment {
    /// Say something about a post; @Anna mentions somebody, who is told
    Add {
        /// The post's id
        post: PostId,
        text: String,
        /// The comment that is answered
        #[arg(long)]
        reply_to: Option<CommentId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List what is said about a post, newest first
    List {
        /// The post's id
        post: PostId,
        /// Only the thread that this comment began
        #[arg(long)]
        thread: Option<CommentId>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a comment of yours, or as a manager anybody's
    Delete { comment: CommentId },
}

impl Comment {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Add { post, text, reply_to, json } => {
                let added = app.call_once::<CommentAdd>(ctx, CommentAdd { post_id: post, text, reply_to }).await?;
                print::either(json, &added, || CommentAdd::say(&added))
            }
            Self::List { post, thread, limit, cursor, json } => {
                let input = CommentList { post_id: post, thread, limit, cursor };
                let found = app.call_once::<CommentList>(ctx, input).await?;
                print::either(json, &found, || CommentList::say(&found))
            }
            Self::Delete { comment } => {
                let deleted = app.call_once::<CommentDelete>(ctx, CommentDelete { comment_id: comment }).await?;
                print::line(CommentDelete::say(&deleted));
                Ok(())
            }
        }
    }
}
