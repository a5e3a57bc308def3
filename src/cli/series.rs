//! `allin series`.

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        series::{create::SeriesCreate, end::SeriesEnd, list::SeriesList},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::{PostId, SeriesId},
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Series {
    /// Make a draft recur
    Create {
        /// The draft; its content is copied
        post: PostId,
        /// RFC 5545 rule, such as 'FREQ=WEEKLY;BYDAY=MO,TH'
        rule: String,
        /// From when on, and the time of day: 2026-12-07T09:00 or 'monday 9:00'
        starts: String,
        /// Last day, 2027-03-31
        #[arg(long)]
        until: Option<String>,
        /// A day without an occurrence; may be repeated
        #[arg(long = "except")]
        except: Vec<String>,
        /// IANA time zone of the local times
        #[arg(long)]
        time_zone: Option<String>,
        /// A series that is ended in the same step
        #[arg(long)]
        replaces: Option<SeriesId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List series and the posts that wait
    List {
        /// Those that were ended, too
        #[arg(long)]
        ended: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End one: posts that wait are cancelled
    End {
        series: SeriesId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Series {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Create { post, rule, starts, until, except, time_zone, replaces, json } => {
                let input = SeriesCreate { post_id: post, rule, starts, until, except, time_zone, replaces };
                let created = app.call_once::<SeriesCreate>(ctx, input).await?;
                print::either(json, &created, || SeriesCreate::say(&created))
            }
            Self::List { ended, json } => {
                let found = app.call_once::<SeriesList>(ctx, SeriesList { ended }).await?;
                print::either(json, &found, || SeriesList::say(&found))
            }
            Self::End { series, json } => {
                let ended = app.call_once::<SeriesEnd>(ctx, SeriesEnd { series_id: series }).await?;
                print::either(json, &ended, || SeriesEnd::say(&ended))
            }
        }
    }
}
