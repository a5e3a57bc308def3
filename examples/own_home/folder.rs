//! Folders for what a run needs.

use std::io::Result;

/// A temporary folder that goes away with the run. Root's are open to the user that PostgreSQL runs as: the database of a home in
/// a closed one is kept elsewhere, and would stay behind.
pub fn folder() -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("allin-run-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o711));
    builder.tempdir()
}
