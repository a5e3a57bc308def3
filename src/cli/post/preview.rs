//! `allin post preview`.

use clap::Args;

use crate::{
    app::{
        ctx::Ctx,
        posts::preview::{PostPreview, Splitting},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::PostId,
    model::networks::KnownNetwork,
    tools::registry::Spoken as _,
};

fn splitting(text: &str) -> std::result::Result<Splitting, String> {
    serde_json::from_value(text.into()).map_err(|_| "write plain or numbered".to_owned())
}

#[derive(Args)]
pub struct Preview {
    /// The post's id
    #[arg(required_unless_present = "text", conflicts_with = "text")]
    post: Option<PostId>,
    /// A text that is not stored; several make a thread
    #[arg(long, requires = "networks")]
    text: Vec<String>,
    /// A network to check it for, such as x or linkedin
    #[arg(long = "network")]
    networks: Vec<KnownNetwork>,
    /// Suggest a split into a thread: plain, or numbered with (1/3) at the end of each message
    #[arg(long, value_parser = splitting)]
    split: Option<Splitting>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Preview {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let input = PostPreview { post_id: self.post, texts: self.text, networks: self.networks, split: self.split };
        let shown = booted.app.call_once::<PostPreview>(ctx, input).await?;
        print::either(self.json, &shown, || PostPreview::say(&shown))
    }
}
