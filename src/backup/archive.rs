//! The backup file: a zip archive whose entries are stored as they are. `database.dump` is in PostgreSQL's custom format,
//! `manifest.json` says what it belongs to, `keys.sealed` holds the wrapped keys where there are any. It appears complete
//! or not at all.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::keys::Wrapping;
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// Raised when an older program could no longer read the file.
pub(super) const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const DUMP: &str = "database.dump";
const KEYS: &str = "keys.sealed";
const NOTE: &str = "README.txt";

const NOTE_TEXT: &str = "A backup of AllIN. `allin db restore FILE` puts it into a home folder.\n\
    database.dump is in PostgreSQL's custom format (pg_restore reads it); keys.sealed opens with the passphrase only.\n";

/// Neither manifest nor keys come near this.
const SMALL: u64 = 1 << 20;

/// What a backup says about itself. Not secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub created_at: Timestamp,
    /// Of the program that wrote it.
    pub allin_version: String,
    pub schema_version: i64,
    /// Of the server, such as `18.4`.
    pub postgres_version: String,
    /// The server's system identifier.
    pub cluster: String,
    /// Which master key sealed the tokens in it; `None` before the first start.
    pub key_id: Option<String>,
    pub dump: Digest,
    /// What `home.json` says: whose home it was.
    pub home: Option<Value>,
    /// How the keys are wrapped; `None`: they are not in the file.
    pub keys: Option<Wrapping>,
}

/// Length and SHA-256 of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    pub bytes: u64,
    pub sha256: String,
}

/// Writes the dump through `dump`, then the manifest and sealed keys that `describe` makes of its digest. Blocks.
/// Errors: `backup_exists`, `backup_not_written`, and those of the closures. Returns the file's length.
pub(super) fn write(
    path: &Path,
    dump: impl FnOnce(&mut dyn Write) -> Result<()>,
    describe: impl FnOnce(Digest) -> Result<(Vec<u8>, Option<Vec<u8>>)>,
) -> Result<u64> {
    refuse_existing(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Temporary files are made with mode 0600.
    let file = NamedTempFile::new_in(folder).map_err(not_written(path))?;
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true)
        .unix_permissions(0o600);
    let broken = |error: zip::result::ZipError| not_written(path)(error.into());
    zip.start_file(DUMP, options).map_err(broken)?;
    let mut hashed = Hashing { to: &mut zip, hash: Sha256::new(), bytes: 0 };
    dump(&mut hashed)?;
    let (manifest, keys) = describe(hashed.digest())?;
    let small = options.large_file(false);
    let entries = [(MANIFEST, Some(manifest)), (KEYS, keys), (NOTE, Some(NOTE_TEXT.into()))];
    for (name, content) in entries {
        let Some(content) = content else { continue };
        zip.start_file(name, small).map_err(broken)?;
        zip.write_all(&content).map_err(not_written(path))?;
    }
    let file = zip.finish().map_err(broken)?;
    file.as_file().sync_all().map_err(not_written(path))?;
    let bytes = file.as_file().metadata().map_err(not_written(path))?.len();
    match file.persist_noclobber(path) {
        Ok(_) => Ok(bytes),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(not_written(path)(error.error)),
    }
}

/// Said before the work as well as after it.
pub(super) fn refuse_existing(path: &Path) -> Result<()> {
    if std::fs::symlink_metadata(path).is_ok() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Error {
    Error::conflict("backup_exists", format!("{} exists already.", path.display()))
        .next("Name a file that does not exist.")
}

fn not_written(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |error| {
        Error::operator("backup_not_written", format!("{} cannot be written: {error}.", path.display()))
            .next("Check the folder's permissions and free space, or name a file elsewhere.")
            .because(error)
    }
}

struct Hashing<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn digest(self) -> Digest {
        Digest { bytes: self.bytes, sha256: data_encoding::HEXLOWER.encode(&self.hash.finalize()) }
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.count(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A backup file that was opened.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<File>,
    pub(super) manifest: Manifest,
    /// Byte for byte, for the keys were sealed together with them.
    pub(super) manifest_text: Vec<u8>,
}

impl Archive {
    /// Reads the manifest. Errors: `backup_not_found`, `backup_damaged`, `backup_newer`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| {
            Error::invalid("backup_not_found", format!("{} cannot be opened: {error}.", path.display()))
                .next("Name a file that `allin db backup` wrote.")
        })?;
        let mut zip = ZipArchive::new(file).map_err(|error| damaged(path, error))?;
        let manifest_text = small_entry(&mut zip, path, MANIFEST)?.ok_or_else(|| damaged(path, "no manifest"))?;
        let value: Value = serde_json::from_slice(&manifest_text).map_err(|error| damaged(path, error))?;
        if value.get("format").and_then(Value::as_u64) > Some(FORMAT.into()) {
            return Err(Error::operator(
                "backup_newer",
                "A newer AllIN wrote this backup, in a format this one does not know.",
            )
            .next("Restore it with the newer AllIN."));
        }
        let manifest = serde_json::from_value(value).map_err(|error| damaged(path, error))?;
        Ok(Self { path: path.to_owned(), zip, manifest, manifest_text })
    }

    /// Reads the whole dump and compares it with the manifest. Errors: `backup_damaged`.
    pub(super) fn verify(&mut self) -> Result<()> {
        let path = self.path.clone();
        let expected = self.manifest.dump.clone();
        let mut hashed = Hashing { to: io::sink(), hash: Sha256::new(), bytes: 0 };
        io::copy(&mut self.dump()?, &mut hashed).map_err(|error| damaged(&path, error))?;
        if hashed.digest() == expected {
            Ok(())
        } else {
            Err(damaged(&path, "the dump is not the one of the manifest"))
        }
    }

    pub(super) fn dump(&mut self) -> Result<impl Read + '_> {
        self.zip.by_name(DUMP).map_err(|error| damaged(&self.path, error))
    }

    /// Errors: `backup_damaged`, also when the manifest promises keys that are not there.
    pub(super) fn sealed_keys(&mut self) -> Result<Vec<u8>> {
        small_entry(&mut self.zip, &self.path, KEYS)?.ok_or_else(|| damaged(&self.path, "no keys"))
    }
}

fn small_entry(zip: &mut ZipArchive<File>, path: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    let entry = match zip.by_name(name) {
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        other => other.map_err(|error| damaged(path, error))?,
    };
    let mut content = Vec::new();
    entry.take(SMALL).read_to_end(&mut content).map_err(|error| damaged(path, error))?;
    Ok(Some(content))
}

fn damaged(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::operator(
        "backup_damaged",
        format!("{} is no complete AllIN backup: it is damaged, cut off or another file.", path.display()),
    )
    .next("Use another backup. Nothing was changed.")
    .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(dump: Digest) -> Manifest {
        Manifest {
            format: FORMAT,
            created_at: "2026-11-23T18:30:05Z".parse().unwrap(),
            allin_version: "0.1.0".into(),
            schema_version: 1,
            postgres_version: "18.4".into(),
            cluster: "7".into(),
            key_id: None,
            dump,
            home: None,
            keys: None,
        }
    }

    fn example(path: &Path) -> Result<u64> {
        let dump = |to: &mut dyn Write| to.write_all(b"PGDMP and so on").map_err(Error::internal);
        write(path, dump, |digest| Ok((serde_json::to_vec(&manifest(digest)).unwrap(), Some(b"sealed".to_vec()))))
    }

    #[test]
    fn what_was_written_is_read_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        let bytes = example(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
        let mut archive = Archive::open(&path).unwrap();
        archive.verify().unwrap();
        assert_eq!(archive.manifest, manifest(archive.manifest.dump.clone()));
        assert_eq!(archive.sealed_keys().unwrap(), b"sealed");
        assert_eq!(example(&path).unwrap_err().code(), "backup_exists");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap()) & 0o777, 0o600);
    }

    #[test]
    fn no_cut_and_no_flipped_bit_in_the_dump_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        example(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let try_it = |bytes: &[u8]| {
            let path = folder.path().join("other");
            std::fs::write(&path, bytes).unwrap();
            Archive::open(&path).and_then(|mut archive| archive.verify())
        };
        for length in 0..whole.len() {
            assert_eq!(try_it(&whole[..length]).unwrap_err().code(), "backup_damaged", "{length}");
        }
        let at = whole.windows(5).position(|window| window == b"PGDMP").unwrap();
        for offset in 0..15 {
            let mut changed = whole.clone();
            changed[at + offset] ^= 1;
            assert_eq!(try_it(&changed).unwrap_err().code(), "backup_damaged", "{offset}");
        }
    }

    #[test]
    fn a_failed_dump_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        let failed = write(&path, |_| Err(Error::operator("dump_failed", "no")), |_| Ok((Vec::new(), None)));
        assert_eq!(failed.unwrap_err().code(), "dump_failed");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_format_from_the_future_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        write(&path, |_| Ok(()), |_| Ok((br#"{"format":2,"new":true}"#.to_vec(), None))).unwrap();
        assert_eq!(Archive::open(&path).err().unwrap().code(), "backup_newer");
    }
}
