//! Which PostgreSQL programs run the cluster: those of the published package, unpacked into the home, or another
//! installation that was tried out. Decides nothing about data.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    fetch,
    home::{Home, cannot, replace_file},
    initdb, link,
    lock::{FileLock, Mode},
    os,
    package::{blocking, remove_leftovers},
    place::Place,
    server::{self, Settings},
    wheel,
};
use crate::error::{Error, Result};

/// Fetching and unpacking by another process may take that long.
pub(super) const INSTALL_PATIENCE: Duration = Duration::from_secs(1000);

/// Scratch clusters' folders begin with it.
pub(super) const TRIAL: &str = "trial-";

/// A folder of programs and the major version they are.
#[derive(Debug, Clone)]
pub(super) struct Runtime {
    pub(super) bindir: PathBuf,
    pub(super) major: u32,
}

/// Finds, fetches or tries programs that can run data of `major` (`None`: no data yet, the newest).
pub(super) async fn ensure(home: &Home, place: &Place, bindir: Option<&Path>, major: Option<u32>) -> Result<Runtime> {
    let Some(bindir) = bindir else {
        let packaged = packaged(home, place, major.unwrap_or(18)).await?;
        if major.is_none() {
            // Asked before the first use, so that the answer names the cause.
            try_program(&packaged.bindir, place).await?;
        }
        return Ok(packaged);
    };
    let tried = trial(home, place, bindir).await?;
    match major {
        Some(major) if major != tried.major => Err(Error::operator(
            "pg_version_mismatch",
            format!("The database was written by PostgreSQL {major}, ALLIN_PG_BINDIR is PostgreSQL {}.", tried.major),
        )
        .next(format!("Point ALLIN_PG_BINDIR to a PostgreSQL {major}, or unset it."))),
        _ => Ok(tried),
    }
}

/// Unpacks from a file that the operator brought. Newest major, and the one of existing data.
pub(super) async fn install(home: &Home, place: &Place, file: PathBuf) -> Result<()> {
    let wheel = wheel::for_this_machine()?;
    let _lock = FileLock::wait(&home.install_lock(), Mode::Exclusive, INSTALL_PATIENCE).await?;
    let mut majors = vec![18];
    majors.extend(place.data_major()?.filter(|major| *major != 18));
    let checked = file.clone();
    blocking(move || wheel.check(&checked)).await?;
    for major in majors {
        unpack(place, major, file.clone()).await?;
        try_program(&packaged_bindir(place, major)?, place).await?;
    }
    Ok(())
}

fn packaged_folder(place: &Place, major: u32) -> PathBuf {
    place.runtimes().join(format!("pixeltable-0.6.0-pg{major}"))
}

fn packaged_bindir(place: &Place, major: u32) -> Result<PathBuf> {
    wheel::bindir(&packaged_folder(place, major), major).ok_or_else(|| {
        Error::operator(
            "pg_version_unknown",
            format!("The database was written by PostgreSQL {major}; AllIN brings 16 and 18."),
        )
        .next(format!("Set ALLIN_PG_BINDIR to the bin folder of a PostgreSQL {major} with pgvector."))
    })
}

async fn packaged(home: &Home, place: &Place, major: u32) -> Result<Runtime> {
    let bindir = packaged_bindir(place, major)?;
    // The folder appears by a rename: it is complete or absent.
    if !bindir.is_dir() {
        let _lock = FileLock::wait(&home.install_lock(), Mode::Exclusive, INSTALL_PATIENCE).await?;
        if !bindir.is_dir() {
            fetch_and_unpack(place, major).await?;
        }
    }
    Ok(Runtime { bindir, major })
}

async fn fetch_and_unpack(place: &Place, major: u32) -> Result<()> {
    let wheel = wheel::for_this_machine()?;
    let folder = place.runtimes();
    let staging =
        tempfile::Builder::new().prefix(".fetch-").tempdir_in(&folder).map_err(cannot("write to", &folder))?;
    let file = fetch::fetch(wheel, staging.path()).await?;
    let checked = file.clone();
    blocking(move || wheel.check(&checked)).await?;
    unpack(place, major, file).await
}

async fn unpack(place: &Place, major: u32, file: PathBuf) -> Result<()> {
    let wheel = wheel::for_this_machine()?;
    let target = packaged_folder(place, major);
    if target.exists() {
        return Ok(());
    }
    let folder = place.runtimes();
    blocking(move || {
        remove_leftovers(&folder);
        wheel.unpack(&file, &target, |name| wheel::is_needed(name, major))
    })
    .await
}

/// Runs `postgres --version` as the user it will run as; answers with its line.
async fn try_program(bindir: &Path, place: &Place) -> Result<String> {
    let mut command = std::process::Command::new(bindir.join("postgres"));
    command.arg("--version");
    let output = server::run(command, place.account, Duration::from_secs(30)).await;
    match output {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        other => {
            let cause = match other {
                Ok(output) => server::last_lines(&String::from_utf8_lossy(&output.stderr), 3),
                Err(error) => error.to_string(),
            };
            Err(Error::operator(
                "pg_unusable",
                format!("{} does not run here: {cause}", bindir.join("postgres").display()),
            )
            .next(
                "On Linux the packaged PostgreSQL needs glibc 2.28 and a disk mounted without `noexec`. \
                 Otherwise install PostgreSQL 16 or newer with pgvector and set ALLIN_PG_BINDIR.",
            ))
        }
    }
}

/// A successful trial is remembered for the program it was made with.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Trial {
    program: PathBuf,
    modified: String,
    major: u32,
}

async fn trial(home: &Home, place: &Place, bindir: &Path) -> Result<Runtime> {
    let bindir = os::resolve(bindir).map_err(|error| bindir_unusable(bindir, &error.to_string()))?;
    let program = bindir.join(format!("postgres{}", std::env::consts::EXE_SUFFIX));
    let modified = std::fs::metadata(&program)
        .and_then(|found| found.modified())
        .map(|time| format!("{time:?}"))
        .map_err(|error| bindir_unusable(&bindir, &format!("{}: {error}", program.display())))?;
    let cache = home.run().join("bindir.json");
    let known: Option<Trial> = std::fs::read(&cache).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(known) = known.filter(|known| known.program == program && known.modified == modified) {
        return Ok(Runtime { bindir, major: known.major });
    }
    let line = try_program(&bindir, place).await.map_err(|error| bindir_unusable(&bindir, error.message()))?;
    let major = major_in(&line).ok_or_else(|| bindir_unusable(&bindir, &format!("`{line}` names no version")))?;
    if major < 16 {
        return Err(bindir_unusable(&bindir, &format!("it is PostgreSQL {major}; 16 is the oldest that works")));
    }
    let runtime = Runtime { bindir, major };
    let folder =
        tempfile::Builder::new().prefix(TRIAL).tempdir_in(&place.root).map_err(cannot("write to", &place.root))?;
    os::set_mode(folder.path(), 0o711)?;
    let tried = try_cluster(home, place, &runtime, folder.path()).await;
    drop(folder);
    tried.map_err(|error| bindir_unusable(&runtime.bindir, error.message()).because(error))?;
    let entry = Trial { program, modified, major };
    replace_file(&cache, &serde_json::to_vec(&entry).map_err(Error::internal)?)?;
    Ok(runtime)
}

/// A whole cluster in a scratch folder: made, started, asked for a vector distance, stopped.
async fn try_cluster(home: &Home, place: &Place, runtime: &Runtime, folder: &Path) -> Result<()> {
    let scratch = Place { root: folder.to_owned(), account: place.account };
    for part in [scratch.log(), scratch.socket()] {
        os::create_folder(&part, 0o700)?;
        os::give(&part, scratch.account)?;
    }
    let password = secrecy::SecretString::from("trial");
    initdb::create(&scratch, runtime, &password, false).await?;
    let previous = link::Facts::read(home);
    let endpoint = link::Endpoint::choose(place, previous.as_ref().map(|facts| &facts.endpoint), None)?;
    let endpoint = endpoint.for_trial();
    let settings =
        Settings { bindir: &runtime.bindir, endpoint: &endpoint, durable: false, collect_log: false, rules: None };
    let started = server::launch(&scratch, &settings).await;
    let answer = match started {
        Ok(()) => try_vector(&endpoint, &password).await,
        Err(error) => Err(error),
    };
    let stopped = server::stop(&scratch, Some(&runtime.bindir), true).await;
    endpoint.forget(place);
    answer.and(stopped)
}

async fn try_vector(endpoint: &link::Endpoint, password: &secrecy::SecretString) -> Result<()> {
    let mut connection = link::connect(endpoint, link::Role::Superuser, password, "postgres").await?;
    sqlx::raw_sql("create extension vector; select '[1,2]'::vector <-> '[3,4]'::vector")
        .execute(&mut connection)
        .await
        .map(drop)
        .map_err(|error| match error.as_database_error() {
            Some(refusal) => Error::operator("pg_no_vector", refusal.message().to_owned()),
            None => error.into(),
        })
}

fn bindir_unusable(bindir: &Path, reason: &str) -> Error {
    Error::operator("pg_bindir_unusable", format!("The PostgreSQL in {} cannot be used: {reason}", bindir.display()))
        .next("Set ALLIN_PG_BINDIR to the bin folder of a PostgreSQL 16 or newer with pgvector, or unset it to have one fetched.")
}

/// `postgres (PostgreSQL) 18.4 (Debian …)` → 18.
fn major_in(line: &str) -> Option<u32> {
    let version = line.split(") ").nth(1)?;
    version.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_programs_line() {
        assert_eq!(major_in("postgres (PostgreSQL) 18.4"), Some(18));
        assert_eq!(major_in("postgres (PostgreSQL) 16.14 (Debian 16.14-1.pgdg12+1)"), Some(16));
        assert_eq!(major_in("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major_in("busybox"), None);
    }
}
