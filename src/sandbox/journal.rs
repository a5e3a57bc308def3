//! The sandbox's memory: a log with one JSON object a line, and the state that reading it gives. Every change is on
//! disk before anyone is told of it. Knows no HTTP.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

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
    },
    MediaStored {
        media: Media,
    },
    PostCreated {
        post: Post,
    },
    /// A key came again and made nothing new.
    PostRepeated {
        post_id: String,
        client_key: String,
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
    pub created_at: Timestamp,
    #[serde(default)]
    pub deleted: bool,
}

/// What the log amounts to.
#[derive(Default)]
pub struct State {
    pub entries: Vec<Entry>,
    pub accounts: HashMap<String, Account>,
    pub handles: HashMap<String, String>,
    /// Hash of a token to an account.
    pub tokens: HashMap<String, String>,
    pub media: HashMap<String, Media>,
    /// In the order of creation.
    pub posts: Vec<Post>,
    places: HashMap<String, usize>,
    /// Account and key to the first post with it.
    keys: HashMap<(String, String), String>,
}

impl State {
    pub fn post(&self, id: &str) -> Option<&Post> {
        self.posts.get(*self.places.get(id)?)
    }

    pub fn post_with_key(&self, account_id: &str, key: &str) -> Option<&Post> {
        self.post(self.keys.get(&(account_id.to_owned(), key.to_owned()))?)
    }

    /// How many messages stand above this one.
    pub fn depth(&self, post: &Post) -> usize {
        let above = |post: &&Post| post.reply_to.as_deref().and_then(|parent| self.post(parent));
        std::iter::successors(Some(post), |post| above(post)).count() - 1
    }

    pub fn replies(&self, id: &str) -> usize {
        self.posts.iter().filter(|post| !post.deleted && post.reply_to.as_deref() == Some(id)).count()
    }

    fn apply(&mut self, entry: Entry) {
        match entry.event.clone() {
            Event::AccountCreated { account } => {
                self.handles.insert(account.handle.clone(), account.id.clone());
                self.accounts.insert(account.id.clone(), account);
            }
            Event::SessionOpened { account_id, token_hash } => {
                self.tokens.insert(token_hash, account_id);
            }
            Event::MediaStored { media } => {
                self.media.insert(media.id.clone(), media);
            }
            Event::PostCreated { post } => {
                if let Some(key) = post.client_key.clone() {
                    self.keys.entry((post.account_id.clone(), key)).or_insert_with(|| post.id.clone());
                }
                self.places.insert(post.id.clone(), self.posts.len());
                self.posts.push(post);
            }
            Event::PostRepeated { .. } => {}
            Event::PostEdited { post_id, text } => {
                if let Some(post) = self.places.get(&post_id).and_then(|place| self.posts.get_mut(*place)) {
                    post.text = text;
                }
            }
            Event::PostDeleted { post_id } => {
                if let Some(post) = self.places.get(&post_id).and_then(|place| self.posts.get_mut(*place)) {
                    post.deleted = true;
                }
            }
        }
        self.entries.push(entry);
    }
}

/// The log file and its state.
pub struct Journal {
    pub state: State,
    file: File,
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
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut state = State::default();
        for (number, line) in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').enumerate() {
            if !line.is_empty() {
                state.apply(serde_json::from_slice(line).map_err(|cause| damaged(number + 1, cause))?);
            }
        }
        Ok(Self { state, file, folder: folder.to_owned(), clock })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes the event down, then lets it count.
    pub fn record(&mut self, event: Event) -> Result<()> {
        let entry = Entry { seq: self.state.entries.len() as u64 + 1, at: self.now(), event };
        let mut line = serde_json::to_vec(&entry).map_err(Error::internal)?;
        line.push(b'\n');
        let end = self.file.stream_position().map_err(|cause| folder_error(&self.folder, cause))?;
        if let Err(cause) = self.file.write_all(&line) {
            // Half a line must not stay in front of the next one.
            let undone = self.file.set_len(end).and_then(|()| self.file.seek(SeekFrom::Start(end)));
            tracing::error!(?undone, "the sandbox's log could not be written");
            return Err(folder_error(&self.folder, cause));
        }
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
