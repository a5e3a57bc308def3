//! The sandbox's memory: a log with one JSON object a line, and the state that reading it gives. Every change is in the
//! log before anyone is told of it. Knows no HTTP.

mod state;

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use self::state::{State, Upload, UploadState};
use super::folder_error;
use crate::{
    clock::{Clock, Timestamp},
    error::{Error, Result},
};

/// A line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    pub seq: u64,
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// Every accepted call that changed something, or would have changed something the first time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    AccountCreated {
        account: Account,
    },
    SessionOpened {
        account_id: String,
        token_hash: String,
        /// Of the token that gets another one when this one has expired.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_hash: Option<String>,
    },
    /// The tokens given out so far are no longer taken.
    TokensExpired {
        account_id: String,
    },
    MediaStored {
        media: Media,
    },
    /// Everything for a post is there, and nothing is public.
    UploadOpened {
        upload: Upload,
    },
    UploadClosed {
        upload_id: String,
    },
    PostCreated {
        post: Post,
    },
    /// A key, an id or a handle came again and made nothing new.
    PostRepeated {
        post_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_key: Option<String>,
    },
    PostEdited {
        post_id: String,
        text: String,
    },
    PostDeleted {
        post_id: String,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    pub id: String,
    pub handle: String,
    pub display_name: Option<String>,
    /// Argon2 in PHC form; without one nobody can sign in by password.
    pub password_hash: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Media {
    pub id: String,
    pub account_id: String,
    pub mime: String,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    pub id: String,
    #[serde(default)]
    pub alt_text: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Post {
    pub id: String,
    pub account_id: String,
    pub text: String,
    pub media: Vec<Attached>,
    pub reply_to: Option<String>,
    pub client_key: Option<String>,
    /// The upload that it was published from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<String>,
    pub created_at: Timestamp,
    #[serde(default)]
    pub deleted: bool,
}

/// The log file and its state.
pub struct Journal {
    pub state: State,
    file: File,
    /// Where the next line begins.
    end: u64,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Journal {
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let path = folder.join("log.jsonl");
        let failed = |cause| folder_error(folder, cause);
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        // A process that was killed while writing leaves half a line, which nobody was told of.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(failed)?;
        let end = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut state = State::default();
        for (number, line) in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').enumerate() {
            if !line.is_empty() {
                state.apply(serde_json::from_slice(line).map_err(|cause| damaged(number + 1, cause))?);
            }
        }
        Ok(Self { state, file, end, folder: folder.to_owned(), clock })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes the event down, then lets it count.
    pub fn record(&mut self, event: Event) -> Result<()> {
        let entry = Entry { seq: self.state.entries.len() as u64 + 1, at: self.now(), event };
        let mut line = serde_json::to_vec(&entry).map_err(Error::internal)?;
        line.push(b'\n');
        if let Err(cause) = self.file.write_all(&line) {
            // Half a line must not stay in front of the next one.
            let undone = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
            tracing::error!(?undone, "the sandbox's log could not be written");
            return Err(folder_error(&self.folder, cause));
        }
        self.end += line.len() as u64;
        self.state.apply(entry);
        Ok(())
    }

    pub fn media_path(&self, id: &str) -> PathBuf {
        self.folder.join("media").join(id)
    }
}

fn damaged(line: usize, cause: serde_json::Error) -> Error {
    Error::operator("sandbox_log_damaged", format!("Line {line} of the sandbox's log cannot be read."))
        .next("Repair or remove that line of log.jsonl in the sandbox's folder, or start with an empty folder.")
        .because(cause)
}
