//! `allin queue`.

use std::str::FromStr;

use clap::Subcommand;

use crate::{
    app::{
        ctx::Ctx,
        queue::{WeeklyTimes, get::QueueGet, set::QueueSet},
    },
    boot::Booted,
    cli::print,
    error::{Error, Result},
    ids::AccountId,
    model::queue::Day,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Queue {
    /// Show the weekly times, the rules and the next free times
    Show {
        /// Default: every account that has a queue
        account: Option<AccountId>,
        /// How many free times to show, 5 unless told
        #[arg(long)]
        free: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change them; what is not named stays
    Set {
        account: AccountId,
        /// Days and times, in place of the present ones: mon,thu=09:00,17:30 or daily=12:00; may be repeated
        #[arg(long = "slots")]
        slots: Vec<DaysAndTimes>,
        /// Hours at which nothing goes out: 22:00-07:00; '' for none
        #[arg(long)]
        quiet_hours: Option<String>,
        /// Most posts a day; 0 for any number
        #[arg(long)]
        daily_cap: Option<u32>,
        /// Least minutes between two posts; 0 for any
        #[arg(long)]
        distance: Option<u32>,
        /// Whether other times are refused
        #[arg(long)]
        strict: Option<bool>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Queue {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::Show { account, free, json } => {
                let found = app.call_once::<QueueGet>(ctx, QueueGet { account_id: account, free }).await?;
                print::either(json, &found, || QueueGet::say(&found))
            }
            Self::Set { account, slots, quiet_hours, daily_cap, distance, strict, json } => {
                let slots = Some(slots).filter(|slots| !slots.is_empty());
                let input = QueueSet {
                    account_id: account,
                    slots: slots.map(|slots| slots.into_iter().map(|part| part.0).collect()),
                    quiet_hours,
                    daily_cap,
                    distance_minutes: distance,
                    strict,
                };
                let changed = app.call_once::<QueueSet>(ctx, input).await?;
                print::either(json, &changed, || QueueSet::say(&changed))
            }
        }
    }
}

/// `mon,thu=09:00,17:30`.
#[derive(Clone)]
pub struct DaysAndTimes(WeeklyTimes);

impl FromStr for DaysAndTimes {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            || Error::invalid("slots_malformed", "Write days, `=` and times: mon,thu=09:00,17:30 or daily=12:00.");
        let (days, times) = text.split_once('=').ok_or_else(wrong)?;
        let mut all = Vec::new();
        for word in days.split(',').map(|word| word.trim().to_lowercase()) {
            match word.as_str() {
                "daily" => all.extend(Day::ALL),
                short => all.push(
                    *Day::ALL
                        .iter()
                        .find(|day| short.len() >= 3 && day.as_str().starts_with(short))
                        .ok_or_else(wrong)?,
                ),
            }
        }
        let times = times.split(',').map(|time| time.trim().to_owned()).collect();
        Ok(Self(WeeklyTimes { days: all, times }))
    }
}
