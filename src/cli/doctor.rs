//! `allin doctor`: looks at everything a user can get wrong and says how to mend it.

use clap::Args;

use crate::{cli::print, config::Config, error::Result, platform};

#[derive(Args)]
pub struct Doctor {
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub async fn run(self, config: Config) -> Result<()> {
        let status = platform::status(&config.home).await?;
        print::either(self.json, &status, || format!("{status:?}"))
    }
}
