//! PostgreSQL's own programs for moving data out and in. They read passwords from their environment, never from their
//! command line. Blocking: call from a thread that may wait.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    error::{Error, Result},
    platform::{Cluster, Role},
};

/// The operator's settings for other databases; a private cluster's address must not be mixed with them.
const FOREIGN: [&str; 8] = [
    "PGOPTIONS",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGHOSTADDR",
    "PGSSLMODE",
    "PGPASSFILE",
    "PGTARGETSESSIONATTRS",
    "PGTZ",
];

const CLIENT_PROGRAMS: &str =
    "Install PostgreSQL's client programs of the server's version, or set ALLIN_PG_BINDIR to their folder.";

/// Where the programs are, and how they reach the database.
#[derive(Clone)]
pub struct Tools {
    /// `None`: found by the system's search path.
    bindir: Option<PathBuf>,
    environment: Vec<(&'static str, SecretString)>,
    /// An address without password, where the environment does not say it all.
    address: Option<String>,
}

impl Tools {
    /// As the superuser of a private cluster, whom row-level security does not bind.
    pub fn of_cluster(cluster: &Cluster) -> Self {
        Self {
            bindir: Some(cluster.bindir().to_owned()),
            environment: cluster.tool_environment(Role::Superuser),
            address: None,
        }
    }

    /// The programs of `newer` on the database of `older`.
    pub(super) fn with_programs_of(self, newer: &Cluster) -> Self {
        Self { bindir: Some(newer.bindir().to_owned()), ..self }
    }

    /// On a server of the operator's.
    pub fn of_url(bindir: Option<&Path>, url: &SecretString) -> Result<Self> {
        let malformed = || {
            Error::operator("setting_invalid", "The database address cannot be handed to pg_dump.")
                .next("Write it as postgres://role:password@host:port/database.")
        };
        let mut address: url::Url = url.expose_secret().parse().map_err(|_| malformed())?;
        let password = percent_decoded(address.password().unwrap_or_default()).ok_or_else(malformed)?;
        address.set_password(None).map_err(|()| malformed())?;
        let environment =
            if password.is_empty() { Vec::new() } else { vec![("PGPASSWORD", SecretString::from(password))] };
        Ok(Self { bindir: bindir.map(Path::to_owned), environment, address: Some(address.into()) })
    }

    /// Writes the whole database in the custom format. Errors: `dump_failed`, `pg_tools_missing`, and `to`'s.
    pub(super) fn dump(&self, to: &mut dyn Write) -> Result<()> {
        let mut command = self.command("pg_dump");
        command.arg("--format=custom").stdin(Stdio::null()).stdout(Stdio::piped());
        let (mut child, words) = start(&mut command)?;
        let copied = match child.stdout.take() {
            Some(mut out) => io::copy(&mut out, to),
            None => Ok(0),
        };
        if copied.is_err() {
            // It would wait for a reader that has gone.
            _ = child.kill();
        }
        let ended = child.wait().map_err(Error::internal)?;
        let words = words.join().unwrap_or_default();
        copied.map_err(|error| {
            Error::operator("backup_not_written", format!("The dump cannot be written: {error}."))
                .next("Check the folder's permissions and free space.")
                .because(error)
        })?;
        if ended.success() {
            return Ok(());
        }
        let step = if words.contains("version mismatch") {
            CLIENT_PROGRAMS
        } else {
            "Mend what it says and try again; `allin doctor` checks the database."
        };
        Err(Error::operator("dump_failed", format!("pg_dump failed: {words}")).next(step))
    }

    /// Fills an empty database that has the roles and the extension; everything in it belongs to the owner. Errors:
    /// `restore_failed`, `pg_tools_missing`.
    pub(super) fn restore(&self, from: &mut dyn Read) -> Result<()> {
        let mut command = self.command("pg_restore");
        // Comments on the extension are the superuser's business; ours has none elsewhere.
        let database = self.environment.iter().find(|(name, _)| *name == "PGDATABASE");
        command.arg("--dbname").arg(database.map_or("", |(_, database)| database.expose_secret()));
        command.args(["--no-owner", "--no-comments", "--exit-on-error", "--single-transaction"]);
        command.args(["--role", Role::Owner.name()]).stdin(Stdio::piped()).stdout(Stdio::null());
        let (mut child, words) = start(&mut command)?;
        let copied = match child.stdin.take() {
            Some(mut input) => io::copy(from, &mut input),
            None => Ok(0),
        };
        let ended = child.wait().map_err(Error::internal)?;
        let words = words.join().unwrap_or_default();
        if !ended.success() {
            return Err(Error::operator("restore_failed", format!("pg_restore failed: {words}"))
                .next("Nothing was changed. A backup of a newer PostgreSQL needs that version or a later one here."));
        }
        copied.map(drop).map_err(Error::internal)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = match &self.bindir {
            Some(folder) => Command::new(folder.join(program)),
            None => Command::new(program),
        };
        command.arg("--no-password").env("LC_ALL", "C");
        match &self.address {
            Some(address) => {
                command.arg("--dbname").arg(address);
            }
            None => {
                for name in FOREIGN {
                    command.env_remove(name);
                }
            }
        }
        for (name, value) in &self.environment {
            command.env(name, value.expose_secret());
        }
        command
    }
}

/// Its words are read beside its work, or it would wait for a reader.
fn start(command: &mut Command) -> Result<(Child, JoinHandle<String>)> {
    let program = command.get_program().to_owned();
    let mut child = command.stderr(Stdio::piped()).spawn().map_err(|error| {
        Error::operator("pg_tools_missing", format!("{} cannot be run: {error}.", Path::new(&program).display()))
            .next(CLIENT_PROGRAMS)
            .because(error)
    })?;
    let stderr = child.stderr.take();
    let words = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut stderr) = stderr {
            _ = stderr.read_to_string(&mut text);
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default();
        last.join(" | ").chars().take(800).collect()
    });
    Ok((child, words))
}

fn percent_decoded(text: &str) -> Option<String> {
    // The form decoder would read a plus sign as a blank, and an ampersand as the end.
    let pair = format!("p={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_into_the_environment_and_nowhere_else() {
        let url = SecretString::from("postgres://owner:p%40ss+w&rd@db.example:5433/allin?sslmode=require");
        let tools = Tools::of_url(None, &url).unwrap();
        assert_eq!(tools.address.as_deref(), Some("postgres://owner@db.example:5433/allin?sslmode=require"));
        let shown: Vec<_> = tools.environment.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        assert_eq!(shown, [("PGPASSWORD", "p@ss+w&rd")]);
        assert!(!format!("{:?}", tools.command("pg_dump").get_args().collect::<Vec<_>>()).contains("p@ss"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let tools = Tools { bindir: Some("/nonexistent".into()), environment: Vec::new(), address: None };
        assert_eq!(tools.dump(&mut io::sink()).unwrap_err().code(), "pg_tools_missing");
    }
}
