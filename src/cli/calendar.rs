//! `allin post calendar`.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        calendar::{get::CalendarGet, picture},
        ctx::Ctx,
    },
    boot::{Booted, write_whole},
    cli::{print, serve::cancel_on_signal, stdio::show_pages},
    error::{Error, Result},
    ids::{AccountId, CampaignId},
    model::{
        calendar::{View, WeekStart},
        networks::NetworkId,
        states::TargetState,
    },
    tools::registry::Spoken as _,
};

/// As long as a link to the page holds.
const PAGE_LASTS: Duration = Duration::from_secs(1800);

#[derive(Args)]
pub struct Calendar {
    /// month, week, day or agenda
    #[arg(long, default_value = "agenda")]
    view: View,
    /// First day, or any day of the month or week, 2026-12-01; default: today
    #[arg(long)]
    from: Option<String>,
    /// Number of days of an agenda, 7 unless told
    #[arg(long)]
    days: Option<i32>,
    /// monday, sunday or saturday
    #[arg(long)]
    week_start: Option<WeekStart>,
    /// Only this account
    #[arg(long)]
    account: Option<AccountId>,
    /// Only this network
    #[arg(long)]
    network: Option<NetworkId>,
    /// Only this campaign
    #[arg(long)]
    campaign: Option<CampaignId>,
    /// Only posts with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only in this status, such as scheduled or failed
    #[arg(long)]
    status: Option<TargetState>,
    /// Serve it as a page on this machine, until Ctrl-C or for 30 minutes
    #[arg(long)]
    page: bool,
    /// Write it as a picture: a file that ends in .png or .svg
    #[arg(long)]
    image: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Calendar {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let shutdown = CancellationToken::new();
        if self.page {
            show_pages(&booted.app, &shutdown).await?;
        }
        let input = CalendarGet {
            view: Some(self.view),
            from: self.from,
            days: self.days,
            week_start: self.week_start,
            account_id: self.account,
            network: self.network,
            campaign_id: self.campaign,
            tag: self.tag,
            status: self.status,
            time_zone: None,
            page: self.page,
            image: false,
        };
        let calendar = booted.app.call_once::<CalendarGet>(ctx, input).await?;
        if let Some(file) = self.image {
            let bytes = match file.extension().and_then(|ending| ending.to_str()) {
                Some("png") => picture::png(&calendar).await?,
                Some("svg") => picture::svg(&calendar)?.into_bytes(),
                _ => {
                    return Err(Error::invalid("image_ending", "The picture's file has to end in .png or .svg."));
                }
            };
            write_whole(&file, &bytes)?;
            print::line(format!("Wrote {}.", file.display()));
            return Ok(());
        }
        if let Some(url) = calendar.page_url.as_deref().filter(|_| self.page) {
            print::line(url);
            tokio::spawn(cancel_on_signal(shutdown.clone()));
            _ = tokio::time::timeout(PAGE_LASTS, shutdown.cancelled()).await;
            shutdown.cancel();
            return Ok(());
        }
        print::either(self.json, &calendar, || CalendarGet::say(&calendar))
    }
}
