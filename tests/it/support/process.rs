//! The built program as a child process.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The command line with a home of its own and nothing of the caller's settings.
pub fn allin(arguments: &[&str], home: impl AsRef<Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_allin"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.env("ALLIN_HOME", home.as_ref()).env("ALLIN_PG_DURABLE", "0").env("ALLIN_TIME_ZONE", "Europe/Berlin");
    command.env("ALLIN_OWNER", "Anna").env("NO_COLOR", "1").env("COLUMNS", "100");
    command
}
