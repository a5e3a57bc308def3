//! What the sandbox's log amounts to, kept so that every answer is found without reading it again. Knows no files.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Account, Attached, Entry, Event, Media, Post};

/// A post that is ready and not public: what networks call a container or an upload session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    pub id: String,
    pub account_id: String,
    pub text: String,
    pub media: Vec<Attached>,
    pub reply_to: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadState {
    Open,
    /// As the post with this id.
    Published(String),
    /// It can never be published any more.
    Closed,
}

#[derive(Default)]
pub struct State {
    pub entries: Vec<Entry>,
    pub accounts: HashMap<String, Account>,
    pub handles: HashMap<String, String>,
    /// Hash of a token to an account.
    pub tokens: HashMap<String, String>,
    /// The same for tokens that have expired.
    pub expired: HashMap<String, String>,
    /// Hash of a refresh token to an account.
    pub refreshes: HashMap<String, String>,
    pub media: HashMap<String, Media>,
    pub uploads: HashMap<String, (Upload, UploadState)>,
    /// In the order of creation.
    pub posts: Vec<Post>,
    places: HashMap<String, usize>,
    /// Places of an account's posts, in the order of creation.
    of_account: HashMap<String, Vec<usize>>,
    /// How many replies a post has.
    replies: HashMap<String, usize>,
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

    /// The account's posts that are there now, oldest first.
    pub fn posts_of(&self, account_id: &str) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.of_account.get(account_id).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.posts.get(*place)).filter(|post| !post.deleted)
    }

    /// Whether a post of the account has this text and is there.
    pub fn says(&self, account_id: &str, text: &str) -> bool {
        !text.trim().is_empty() && self.posts_of(account_id).any(|post| post.text.trim() == text.trim())
    }

    /// The account's posts that are there now, oldest first, from this place of its list on. A post keeps its place when
    /// others are deleted.
    pub fn posts_from(&self, account_id: &str, first: usize) -> impl Iterator<Item = (usize, &Post)> {
        let places = self.of_account.get(account_id).map(Vec::as_slice).unwrap_or_default();
        let all = places.iter().enumerate().skip(first);
        all.filter_map(|(at, place)| Some((at, self.posts.get(*place)?))).filter(|(_, post)| !post.deleted)
    }

    /// How many messages stand above this one.
    pub fn depth(&self, post: &Post) -> usize {
        let above = |post: &&Post| post.reply_to.as_deref().and_then(|parent| self.post(parent));
        std::iter::successors(Some(post), |post| above(post)).count() - 1
    }

    pub fn replies(&self, id: &str) -> usize {
        self.replies.get(id).copied().unwrap_or_default()
    }

    pub(super) fn apply(&mut self, entry: Entry) {
        match entry.event.clone() {
            Event::AccountCreated { account } => {
                self.handles.insert(account.handle.clone(), account.id.clone());
                self.accounts.insert(account.id.clone(), account);
            }
            Event::SessionOpened { account_id, token_hash, refresh_hash } => {
                if let Some(refresh_hash) = refresh_hash {
                    self.refreshes.insert(refresh_hash, account_id.clone());
                }
                self.tokens.insert(token_hash, account_id);
            }
            Event::TokensExpired { account_id } => {
                self.expired.extend(self.tokens.extract_if(|_, owner| *owner == account_id));
            }
            Event::MediaStored { media } => {
                self.media.insert(media.id.clone(), media);
            }
            Event::UploadOpened { upload } => {
                self.uploads.insert(upload.id.clone(), (upload, UploadState::Open));
            }
            Event::UploadClosed { upload_id } => self.settle(&upload_id, UploadState::Closed),
            Event::PostCreated { post } => self.add(post),
            Event::PostRepeated { .. } => {}
            Event::PostEdited { post_id, text } => {
                if let Some(post) = self.places.get(&post_id).and_then(|place| self.posts.get_mut(*place)) {
                    post.text = text;
                }
            }
            Event::PostDeleted { post_id } => self.delete(&post_id),
        }
        self.entries.push(entry);
    }

    fn settle(&mut self, upload: &str, to: UploadState) {
        if let Some((_, state)) = self.uploads.get_mut(upload) {
            *state = to;
        }
    }

    fn add(&mut self, post: Post) {
        if let Some(key) = post.client_key.clone() {
            self.keys.entry((post.account_id.clone(), key)).or_insert_with(|| post.id.clone());
        }
        if let Some(upload) = post.upload_id.clone() {
            self.settle(&upload, UploadState::Published(post.id.clone()));
        }
        if let Some(parent) = post.reply_to.clone() {
            *self.replies.entry(parent).or_default() += 1;
        }
        self.places.insert(post.id.clone(), self.posts.len());
        self.of_account.entry(post.account_id.clone()).or_default().push(self.posts.len());
        self.posts.push(post);
    }

    fn delete(&mut self, id: &str) {
        let Some(post) = self.places.get(id).and_then(|place| self.posts.get_mut(*place)) else { return };
        post.deleted = true;
        if let Some(count) = post.reply_to.as_ref().and_then(|parent| self.replies.get_mut(parent)) {
            *count = count.saturating_sub(1);
        }
    }
}
