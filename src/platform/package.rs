//! A published Python package that carries files for us: its pinned version and hash, checking and unpacking. Knows neither what the
//! files are for nor where they come from.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::{home::cannot, os};
use crate::error::{Error, Result};

/// What is published, whatever the platform.
#[derive(Debug)]
pub(super) struct Package {
    /// What it brings, at the beginning of a sentence.
    pub(super) subject: &'static str,
    pub(super) requirement: &'static str,
    /// Packages are built once per Python version with the same files inside; one is pinned, whatever Python runs here.
    pub(super) python: &'static str,
    pub(super) abi: &'static str,
    /// Size of the file, in MB, for people.
    pub(super) megabytes: u32,
    /// What else can be done without it, as the end of a sentence.
    pub(super) otherwise: &'static str,
    /// What brings it.
    pub(super) command: &'static str,
    pub(super) codes: Codes,
}

/// How its failures are called.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) no_python: &'static str,
    pub(super) fetch: &'static str,
    pub(super) no_network: &'static str,
    pub(super) checksum: &'static str,
    pub(super) broken: &'static str,
}

/// One published file of it.
#[derive(Debug)]
pub(super) struct Wheel {
    pub(super) package: &'static Package,
    /// The installer's name for the platform.
    pub(super) tag: &'static str,
    pub(super) sha256: &'static str,
}

impl Wheel {
    /// The way around this machine's installer, after a first proposal.
    pub(super) fn by_hand(&self, first: &str) -> String {
        let Package { requirement, python, abi, otherwise, .. } = self.package;
        format!(
            "{first}. Or, on another machine, run `pip download {requirement} --no-deps --only-binary=:all: --python-version \
             {python} --implementation cp --abi {abi} --platform {}`, bring the file here and run \
             `allin setup --from FILE`. {otherwise}",
            self.tag
        )
    }

    /// Refuses a file that is not the published one.
    pub(super) fn check(&self, file: &Path) -> Result<()> {
        let found = sha256(file)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(Error::operator(
            self.package.codes.checksum,
            format!(
                "{} is not the published package for this machine: its SHA-256 is {found}, expected {}.",
                file.display(),
                self.sha256
            ),
        )
        .next(self.by_hand("Fetch it again; if it differs again, do not use that package index")))
    }

    /// Unpacks the entries that are needed into `target`, complete or not at all. Blocks for about a second.
    pub(super) fn unpack(&self, file: &Path, target: &Path, is_needed: impl Fn(&str) -> bool) -> Result<()> {
        let parent = target.parent().unwrap_or(Path::new("."));
        let staging =
            tempfile::Builder::new().prefix(UNPACKING).tempdir_in(parent).map_err(cannot("write to", parent))?;
        self.extract(file, staging.path(), is_needed)?;
        os::set_mode(staging.path(), 0o755)?;
        let staging = staging.keep();
        std::fs::rename(&staging, target).map_err(|error| {
            let _ = std::fs::remove_dir_all(&staging);
            cannot("put in place", target)(error)
        })?;
        os::sync_folder(parent);
        Ok(())
    }

    fn extract(&self, file: &Path, folder: &Path, is_needed: impl Fn(&str) -> bool) -> Result<()> {
        let mut archive = zip::ZipArchive::new(File::open(file).map_err(cannot("read", file))?)
            .map_err(|error| self.broken(file, error))?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|error| self.broken(file, error))?;
            if !is_needed(&entry.name().map_err(|error| self.broken(file, error))?) {
                continue;
            }
            // `enclosed_name` refuses every name that leads out of the folder.
            let name = entry
                .enclosed_name()
                .filter(|_| !entry.is_symlink())
                .ok_or_else(|| self.broken(file, "unsafe name"))?;
            let path = folder.join(name);
            if entry.is_dir() {
                os::create_folder(&path, 0o755)?;
                continue;
            }
            os::create_folder(path.parent().unwrap_or(folder), 0o755)?;
            let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            let mut output = File::create_new(&path).map_err(cannot("write", &path))?;
            io::copy(&mut entry, &mut output).and_then(|_| output.sync_data()).map_err(cannot("write", &path))?;
            os::set_mode(&path, if executable { 0o755 } else { 0o644 })?;
        }
        Ok(())
    }

    pub(super) fn broken(&self, file: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::operator(self.package.codes.broken, format!("{} cannot be unpacked.", file.display()))
            .next(format!("Fetch the package again with `{}`.", self.package.command))
            .because(error)
    }
}

/// Folders that are being filled begin with it.
const UNPACKING: &str = ".unpack-";

/// What a process that was killed while unpacking left. Only under the lock of that folder.
pub(super) fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNPACKING) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// In hexadecimal. Blocks for about a tenth of a second.
pub(super) fn sha256(file: &Path) -> Result<String> {
    let mut source = File::open(file).map_err(cannot("read", file))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let count = source.read(&mut buffer).map_err(cannot("read", file))?;
        if count == 0 {
            return Ok(data_encoding::HEXLOWER.encode(&hash.finalize()));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
    }
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
