//! The home folder: every path below `ALLIN_HOME`, its private folders and the secrets kept as files.
//! Knows nothing of what the files mean, and never reads the environment: the caller passes values in.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use super::os;
use crate::{
    error::{Error, Result},
    ids::fill_random,
};

/// Where one installation keeps everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Takes a relative path as relative to the working directory. Creates nothing.
    pub fn new(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let absolute = std::path::absolute(root).map_err(cannot("use", root))?;
        // Resolved once, so that every process names the same files whatever link it came through.
        Ok(Self { root: os::resolve(&absolute).unwrap_or(absolute) })
    }

    /// `~/.allin`, on Windows `%LOCALAPPDATA%\allin` (a profile folder, which other users cannot read).
    pub fn default_root(home: Option<&OsStr>, local_app_data: Option<&OsStr>) -> Result<PathBuf> {
        let filled = |value: Option<&OsStr>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = if cfg!(windows) {
            filled(local_app_data).map(|folder| folder.join("allin"))
        } else {
            filled(home).map(|folder| folder.join(".allin"))
        };
        root.ok_or_else(|| {
            Error::operator("home_unknown", "The folder for AllIN's data is not known: the user has no home folder.")
                .next("Set ALLIN_HOME to a folder this user can write to.")
        })
    }

    /// Makes the folders that do not exist yet, readable by the owner only.
    pub fn create(&self) -> Result<()> {
        // When root runs the binary, the server's user has to walk through the home to its own folder.
        os::create_folder(&self.root, if os::is_root() { 0o711 } else { 0o700 })?;
        for folder in [self.run(), self.secrets(), self.logs()] {
            os::create_folder(&folder, 0o700)?;
        }
        Ok(())
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Everything the PostgreSQL server itself touches. A link elsewhere when root's home is closed to the server's user.
    pub fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// PostgreSQL's data folder.
    pub fn data(&self) -> PathBuf {
        self.cluster().join("data")
    }

    /// Lock files and what the running server told about itself.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Held shared by every process that uses the cluster.
    pub(super) fn users_lock(&self) -> PathBuf {
        self.run().join("users.lock")
    }

    /// Held by whoever starts or stops the server.
    pub(super) fn start_lock(&self) -> PathBuf {
        self.run().join("start.lock")
    }

    /// Held by whoever unpacks PostgreSQL.
    pub(super) fn install_lock(&self) -> PathBuf {
        self.run().join("install.lock")
    }

    /// Held by whoever unpacks a model.
    pub(super) fn model_lock(&self) -> PathBuf {
        self.run().join("model.lock")
    }

    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// AllIN's own logs; PostgreSQL's are in `cluster/log`.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    pub fn media(&self) -> PathBuf {
        self.root.join("media")
    }

    /// Downloaded models.
    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// The secret of that name, if it was ever made.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>> {
        let path = self.secrets().join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Ok(Some(SecretString::from(text.trim_end().to_owned())).filter(|text| !text.expose_secret().is_empty()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot("read", &path)(error)),
        }
    }

    /// The secret of that name; makes one of 256 random bits in hexadecimal when there is none. Of several processes
    /// that make it at once, one wins and all return its value.
    pub fn secret_or_create(&self, name: &str) -> Result<SecretString> {
        if let Some(secret) = self.secret(name)? {
            return Ok(secret);
        }
        let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
        fill_random(bytes.as_mut());
        let text = SecretString::from(data_encoding::HEXLOWER.encode(bytes.as_ref()));
        self.keep_secret(name, &text)?;
        self.secret(name)?.ok_or_else(|| {
            Error::operator("home_secret_empty", format!("The file {} is empty.", self.secrets().join(name).display()))
                .next("Put the secret back from a backup, or delete the file to have a new one made.")
        })
    }

    /// Writes a secret that does not exist yet; leaves an existing one alone.
    pub fn keep_secret(&self, name: &str, secret: &SecretString) -> Result<()> {
        let folder = self.secrets();
        let path = folder.join(name);
        // Temporary files are made with mode 0600, and linked into place complete.
        let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(cannot("write to", &folder))?;
        file.write_all(secret.expose_secret().as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(cannot("write", &path))?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(cannot("write", &path)(error.error)),
        }
    }
}

/// Turns a file error into one that says how to mend it: `.map_err(cannot("write", &path))`.
pub(super) fn cannot<'a>(action: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |error| {
        let shown = path.display();
        let (code, message, step) = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
                "home_disk_full",
                format!("Cannot {action} {shown}: the disk is full."),
                "Free some space (a new cluster needs about 150 MB), then start again.",
            ),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => (
                "home_not_writable",
                format!("Cannot {action} {shown}: {error}."),
                "Give the user that runs AllIN this folder, or set ALLIN_HOME to one it owns.",
            ),
            _ => (
                "home_file_failed",
                format!("Cannot {action} {shown}: {error}."),
                "Check that path and the disk under it, then start again.",
            ),
        };
        Error::operator(code, message).next(step).because(error)
    }
}

/// Writes a file so that readers see the old or the new content, never half.
pub(super) fn replace_file(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(cannot("write to", folder))?;
    file.write_all(content).map_err(cannot("write", path))?;
    file.persist(path).map_err(|error| cannot("write", path)(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_follows_the_user_and_an_empty_value_is_none() {
        if cfg!(windows) {
            return;
        }
        assert_eq!(Home::default_root(Some(OsStr::new("/home/ann")), None).unwrap(), Path::new("/home/ann/.allin"));
        assert_eq!(Home::default_root(Some(OsStr::new("")), None).unwrap_err().code(), "home_unknown");
    }

    #[test]
    fn secrets_are_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("home")).unwrap();
        home.create().unwrap();
        let first = home.secret_or_create("key").unwrap();
        home.keep_secret("key", &SecretString::from("other")).unwrap();
        assert_eq!(home.secret_or_create("key").unwrap().expose_secret(), first.expose_secret());
        assert_eq!(first.expose_secret().len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(home.secrets()), mode(home.secrets().join("key"))), (0o700, 0o600));
        }
    }
}
