//! Images and videos.

pub mod add;
pub mod fetch;

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    model::media::{self, FileFacts},
};

/// Reads a file that a local client named, when it lies below an allowed folder.
pub fn read_local(path: &Path, allowed: &[PathBuf], max: u64) -> Result<Vec<u8>> {
    let outside = || {
        let folders = allowed.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
        Error::forbidden("path_not_allowed", "This file is not below a folder that media may come from.")
            .who(crate::error::Actor::Operator)
            .next(format!("Put the file below one of: {folders}. The setting is ALLIN_MEDIA_DIRS."))
            .field("path", "below an allowed folder")
    };
    // Resolved first: neither `..` nor a link leads out.
    let resolved = path.canonicalize().map_err(|error| {
        if path.is_absolute() && allowed.iter().any(|folder| path.starts_with(folder)) {
            Error::invalid("file_unreadable", "The file cannot be read.")
                .next("Check the path and that the file exists.")
                .field("path", "an existing file")
                .because(error)
        } else {
            outside()
        }
    })?;
    let inside =
        allowed.iter().filter_map(|folder| folder.canonicalize().ok()).any(|folder| resolved.starts_with(folder));
    if !inside {
        return Err(outside());
    }
    let unreadable = |error: std::io::Error| {
        Error::invalid("file_unreadable", "The file cannot be read.").field("path", "a readable file").because(error)
    };
    let size = std::fs::metadata(&resolved).map_err(unreadable)?;
    if !size.is_file() || size.len() > max {
        return Err(too_large(max));
    }
    std::fs::read(&resolved).map_err(unreadable)
}

pub(crate) fn too_large(max: u64) -> Error {
    Error::limit("media_too_large", format!("The file is larger than {max} bytes, or no plain file."))
        .next("Make the file smaller and try again.")
}

/// Looks at the bytes themselves; a name or header is not believed.
pub(crate) fn probe(bytes: &[u8], max: u64) -> Result<FileFacts> {
    if bytes.len() as u64 > max {
        return Err(too_large(max));
    }
    media::probe(bytes)
}
