//! The settings of a home that is a measurement's own.

use std::path::Path;

use allin::{config::Config, error::Result};

/// As a process with no settings would read it; only programs and the model may come from elsewhere.
#[expect(clippy::disallowed_methods, reason = "the private server's programs may be named by the environment")]
pub fn config(home: &Path) -> Result<Config> {
    Config::read(|name| match name {
        "ALLIN_HOME" => Some(home.as_os_str().to_owned()),
        _ if name.starts_with("ALLIN_PG") || name == "HOME" || name == "PATH" => std::env::var_os(name),
        _ => None,
    })
}
