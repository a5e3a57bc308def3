//! Putting other data in the place of the home's own, for restore and upgrade: the caller fills a second cluster, and a
//! rename makes it the home's. Nobody else may use the home meanwhile. Knows nothing of what the data is.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    cluster::{self, Cluster, StartOptions},
    home::{Home, cannot},
    link::{Facts, Role},
    lock::{FileLock, Mode},
    os,
    place::Place,
    reach, server,
};
use crate::error::{Error, Result};

/// Folders of second clusters begin with it.
const STAGING: &str = "second-";

/// How long a process that only looks in may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The home's cluster, stopped, and kept from every other process until this is dropped.
pub struct Alone {
    home: Home,
    place: Place,
    users: FileLock,
}

/// A second cluster beside the home's, with its own server running and the same passwords.
pub struct Staged {
    folder: TempDir,
    home: Home,
    cluster: Cluster,
}

/// Shuts the home for others. Errors: `pg_in_use` when some process uses it now.
pub async fn alone(home: &Home) -> Result<Alone> {
    home.create()?;
    let users = match FileLock::wait(&home.users_lock(), Mode::Exclusive, PATIENCE).await {
        Err(error) if error.code() == "pg_busy" => {
            Err(Error::conflict("pg_in_use", "Other AllIN processes use the database.")
                .next("Close the MCP clients that use this home and end `allin serve`, then run this again."))
        }
        other => other,
    }?;
    let _start = reach::lock(home).await?;
    let place = Place::prepare(home)?;
    let alone = Alone { home: home.clone(), place, users };
    alone.stop().await?;
    alone.clear_leftovers().await?;
    Ok(alone)
}

impl Alone {
    /// The major version of the data; `None` when there is none.
    pub fn data_major(&self) -> Result<Option<u32>> {
        self.place.data_major()
    }

    /// Whether anything lies where the data belongs, readable or not.
    pub fn has_data(&self) -> bool {
        std::fs::symlink_metadata(self.place.data()).is_ok()
    }

    /// Starts the server on the home's own data, still for us alone.
    pub async fn open(self, options: &StartOptions) -> Result<Cluster> {
        let (facts, passwords) = reach::reach(&self.home, options).await?;
        Ok(Cluster { home: self.home, facts, passwords, options: options.clone(), users: self.users })
    }

    /// Stops it again.
    pub async fn close(opened: Cluster) -> Result<Self> {
        let place = Place::find(&opened.home)?
            .ok_or_else(|| Error::internal("the cluster's folder went while its server ran"))?;
        let alone = Self { home: opened.home, place, users: opened.users };
        alone.stop().await?;
        Ok(alone)
    }

    /// Makes a second cluster and starts it. End it with [`Alone::put_in_place`] or [`Staged::discard`].
    pub async fn stage(&self, options: &StartOptions) -> Result<Staged> {
        let folder = self.new_folder(STAGING)?;
        let home = self.home_in(folder.path())?;
        // The home's passwords are made now if there are none, and are good for both.
        for role in Role::ALL {
            home.keep_secret(role.secret(), &self.home.secret_or_create(role.secret())?)?;
        }
        let cluster = cluster::start(&home, options).await?;
        Ok(Staged { folder, home, cluster })
    }

    /// A folder that keeps what is being replaced, and is a home itself.
    pub fn aside(&self, name: &str) -> Result<Home> {
        let path = self.place.root.join(name);
        os::create_folder(&path, if os::is_root() { 0o711 } else { 0o700 })?;
        let home = self.home_in(&path)?;
        for role in Role::ALL {
            if let Some(password) = self.home.secret(role.secret())? {
                home.keep_secret(role.secret(), &password)?;
            }
        }
        Ok(home)
    }

    /// Makes the staged data the home's. What was there goes to `aside`; when that fails, everything stays as it was.
    pub async fn put_in_place(&self, staged: Staged, aside: Option<&Home>) -> Result<()> {
        let Staged { folder, home, cluster } = staged;
        cluster.leave().await?;
        let (from, to) = (place_of(&home)?.data(), self.place.data());
        let kept = match aside {
            Some(aside) if self.has_data() => Some(place_of(aside)?.data()),
            _ => None,
        };
        if let Some(kept) = &kept {
            std::fs::rename(&to, kept).map_err(cannot("move", &to))?;
        }
        if let Err(error) = std::fs::rename(&from, &to) {
            if let Some(kept) = &kept {
                std::fs::rename(kept, &to).map_err(cannot("move back", kept))?;
            }
            return Err(cannot("put in place", &from)(error));
        }
        os::sync_folder(&self.place.root);
        remove(folder.keep()).await;
        Ok(())
    }

    async fn stop(&self) -> Result<()> {
        let facts = Facts::read(&self.home);
        server::stop(&self.place, facts.as_ref().map(|facts| facts.bindir.as_path()), false).await?;
        if let Some(facts) = facts {
            facts.endpoint.forget(&self.place);
        }
        Facts::remove(&self.home);
        Ok(())
    }

    /// Second clusters of processes that were killed.
    async fn clear_leftovers(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.place.root).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(STAGING) {
                let root = entry.path().join("cluster");
                server::stop(&Place { root, account: self.place.account }, None, true).await?;
                remove(entry.path()).await;
            }
        }
        Ok(())
    }

    /// Beside the data, so that a rename reaches it whatever disk the data is on.
    fn new_folder(&self, prefix: &str) -> Result<TempDir> {
        let root = &self.place.root;
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(root).map_err(cannot("write to", root))?;
        os::set_mode(folder.path(), if os::is_root() { 0o711 } else { 0o700 })?;
        Ok(folder)
    }

    /// A home there, with the programs of this one.
    fn home_in(&self, folder: &Path) -> Result<Home> {
        let home = Home::new(folder)?;
        home.create()?;
        let place = Place { root: home.cluster(), account: self.place.account };
        os::create_folder(&place.root, if os::is_root() { 0o711 } else { 0o700 })?;
        // Where links are not allowed they are fetched once more.
        let linked = os::link_folder(&self.place.runtimes(), &place.runtimes());
        tracing::debug!(?linked, "a second home shares the programs");
        Ok(home)
    }
}

impl Staged {
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A folder of ours on the data's disk, gone with the rest.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the second server and removes everything of it.
    pub async fn discard(self) -> Result<()> {
        let left = self.cluster.leave().await;
        remove(self.folder.keep()).await;
        left
    }
}

fn place_of(home: &Home) -> Result<Place> {
    Place::find(home)?.ok_or_else(|| Error::internal("a home that was just made has no cluster folder"))
}

/// What cannot be removed now goes with the next replacement.
async fn remove(folder: PathBuf) {
    let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
    tracing::debug!(?removed, "removed a second cluster");
}
