//! `allin campaign`.

use clap::Subcommand;

use crate::{
    app::{
        campaigns::{
            CampaignChanged, change::CampaignChange, create::CampaignCreate, get::CampaignGet, list::CampaignList,
            schedule::CampaignSchedule,
        },
        ctx::Ctx,
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{CampaignId, PostId},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Campaign {
    /// Make a campaign
    Create {
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// Posts to put into it
        #[arg(long = "post")]
        posts: Vec<PostId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the campaigns
    List {
        /// Archived ones, too
        #[arg(long)]
        archived: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a campaign with its posts and what became of each
    Show {
        /// The campaign's id
        campaign: CampaignId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Launch it: all its drafts go out at one time
    Schedule {
        /// The campaign's id
        campaign: CampaignId,
        /// Local time, 2026-12-01T09:00, or with an offset
        at: String,
        /// IANA time zone of a local time
        #[arg(long)]
        time_zone: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Rename or describe it, put it away, or take it out of the archive
    Change {
        /// The campaign's id
        campaign: CampaignId,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        description: Option<String>,
        /// Put it away: it takes no more posts
        #[arg(long, conflicts_with = "restore")]
        archive: bool,
        /// Take it out of the archive
        #[arg(long)]
        restore: bool,
    },
}

impl Campaign {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Create { name, description, posts, json } => {
                let input = CampaignCreate { name, description, post_ids: posts };
                let made = app.call_once::<CampaignCreate>(ctx, input).await?;
                print::either(json, &made, || CampaignCreate::say(&made))
            }
            Self::List { archived, json } => {
                let found = app.call_once::<CampaignList>(ctx, CampaignList { archived }).await?;
                print::either(json, &found, || CampaignList::say(&found))
            }
            Self::Show { campaign, json } => {
                let found = app.call_once::<CampaignGet>(ctx, CampaignGet { campaign_id: campaign }).await?;
                print::either(json, &found, || CampaignGet::say(&found))
            }
            Self::Schedule { campaign, at, time_zone, json } => {
                let input = CampaignSchedule { campaign_id: campaign, at, time_zone };
                let launched = app.call_once::<CampaignSchedule>(ctx, input).await?;
                print::either(json, &launched, || CampaignSchedule::say(&launched))
            }
            Self::Change { campaign, name, description, archive, restore } => {
                let archived = (archive || restore).then_some(archive);
                let input = CampaignChange { campaign_id: campaign, name, description, archived };
                let CampaignChanged { message, warnings, .. } = app.call_once::<CampaignChange>(ctx, input).await?;
                print::line(message);
                warnings.into_iter().for_each(|warning| print::line(format!("Note: {warning}")));
                Ok(())
            }
        }
    }
}
