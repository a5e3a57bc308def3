//! `allin parse-document`: the process in which AllIN reads one document. Nobody calls it by hand.

use crate::{documents::child, error::Result};

#[derive(clap::Args)]
pub struct ParseDocument {
    /// The file's name, or where it came from
    #[arg(long)]
    name: String,
    /// What a server said it is
    #[arg(long)]
    content_type: Option<String>,
}

impl ParseDocument {
    pub fn run(&self) -> Result<()> {
        child::run(&self.name, self.content_type.as_deref())
    }
}
