//! What a post says: messages with images, per account where it differs. Plain types and their hashes; the rules of
//! each network are in `network_rules`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{AccountId, AssetId};

/// Most messages that one request may carry for one account, whatever the network allows.
pub const SEGMENTS_MAX: usize = 50;

/// An image in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct MediaRef {
    /// From asset_add.
    pub asset_id: AssetId,
    /// What the image shows, for people who cannot see it. Default: the asset's own description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
}

/// One message; several make a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Message {
    /// The text as it is to appear.
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaRef>,
}

/// Other messages for one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Variant {
    pub account_id: AccountId,
    pub segments: Vec<Message>,
}

/// What a version of a post says, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub title: Option<String>,
    pub segments: Vec<Message>,
    pub variants: Vec<Variant>,
    pub account_ids: Vec<AccountId>,
}

impl Content {
    /// What it says on one of its accounts.
    pub fn on(&self, account: AccountId) -> &[Message] {
        self.variants.iter().find(|variant| variant.account_id == account).map_or(&self.segments, |own| &own.segments)
    }
}

/// SHA-256 over the bytes of one message: text, then each image with its description.
pub fn fingerprint(message: &Message) -> [u8; 32] {
    let mut hash = Sha256::new();
    feed(&mut hash, message.text.as_bytes());
    for media in &message.media {
        feed(&mut hash, media.asset_id.uuid().as_bytes());
        feed(&mut hash, media.alt_text.as_deref().unwrap_or_default().as_bytes());
    }
    hash.finalize().into()
}

/// SHA-256 over everything that would be sent to every account, in the order of the accounts' ids.
pub fn content_hash<'a>(per_account: impl IntoIterator<Item = (AccountId, &'a [Message])>) -> [u8; 32] {
    let mut parts: Vec<_> = per_account.into_iter().collect();
    parts.sort_by_key(|(account, _)| *account);
    let mut hash = Sha256::new();
    for (account, messages) in parts {
        hash.update(account.uuid().as_bytes());
        for message in messages {
            hash.update(fingerprint(message));
        }
    }
    hash.finalize().into()
}

/// Length first, so that no two different lists of fields hash alike.
fn feed(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// The first line of a text, cut to about 80 characters on a word.
pub fn excerpt(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    if line.chars().count() <= 80 {
        return line.to_owned();
    }
    let cut: String = line.chars().take(79).collect();
    let kept = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message { text: text.into(), media: Vec::new() }
    }

    #[test]
    fn hashes_tell_every_difference_apart() {
        let account = AccountId(uuid::Uuid::from_u128(1));
        let other = AccountId(uuid::Uuid::from_u128(2));
        let base = content_hash([(account, &[message("a"), message("b")][..])]);
        assert_ne!(base, content_hash([(account, &[message("ab")][..])]));
        assert_ne!(base, content_hash([(other, &[message("a"), message("b")][..])]));
        assert_ne!(base, content_hash([(account, &[message("b"), message("a")][..])]));
        let both = content_hash([(account, &[message("a")][..]), (other, &[message("b")][..])]);
        assert_eq!(both, content_hash([(other, &[message("b")][..]), (account, &[message("a")][..])]));
    }

    #[test]
    fn excerpts_end_on_a_word() {
        assert_eq!(excerpt("\n  Hello  \nworld"), "Hello");
        let long = "word ".repeat(40);
        let short = excerpt(&long);
        assert!(short.chars().count() <= 80 && short.ends_with("word…"), "{short}");
    }
}
