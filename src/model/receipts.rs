//! What a receipt of a publication says, and the one text that is signed: JSON without spaces, keys in order (RFC 8785,
//! for the texts and whole numbers that occur here).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, AssetId, MemberId, PostId, TargetId, WorkspaceId},
};

/// What a receipt calls itself.
pub const FORMAT: &str = "allin receipt 1";

/// A post became public on an account. No text of the post: its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Receipt {
    pub format: String,
    pub workspace: WorkspaceId,
    pub post: PostId,
    /// Of the post's content.
    pub version: i32,
    pub target: TargetId,
    pub account: ReceiptAccount,
    /// Who stands for the post.
    pub author: MemberId,
    /// Who wrote the words, as in the audit log.
    pub written_by: String,
    /// The connection or key that wrote them, when it was no person.
    pub agent: Option<String>,
    /// Who set the time or published; missing for what was scheduled before receipts were kept.
    pub asked: Option<ReceiptAsked>,
    /// Who approved; null where nothing had to be approved.
    pub approvals: Option<Value>,
    pub messages: Vec<ReceiptMessage>,
    pub due_at: Option<Timestamp>,
    pub published_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ReceiptAccount {
    pub id: AccountId,
    pub network: String,
    pub handle: String,
    /// The network's id of the account.
    pub remote_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ReceiptAsked {
    pub actor: String,
    /// stdio, http, command_line, page or job.
    pub origin: String,
    pub request: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ReceiptMessage {
    /// SHA-256 of the text in UTF-8, hexadecimal.
    pub text_sha256: String,
    pub media: Vec<ReceiptMedia>,
    /// The network's id of the message.
    pub network_id: String,
    pub url: Option<String>,
    /// The creation time that the network shows.
    pub shown_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ReceiptMedia {
    pub asset: AssetId,
    /// Of the bytes.
    pub sha256: String,
    /// Of the description; null where there is none.
    pub alt_sha256: Option<String>,
}

/// A receipt with what proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SignedReceipt {
    pub receipt: Receipt,
    /// Names the key; `allin audit key` prints its public half.
    pub key_id: String,
    /// Ed25519, hexadecimal.
    pub signature: String,
}

impl Receipt {
    /// As it is kept.
    pub fn document(&self) -> Result<String> {
        let mut text = String::new();
        write(&serde_json::to_value(self).map_err(Error::internal)?, &mut text);
        Ok(text)
    }
}

/// What is signed: the document under a line that says what it is.
pub fn signed_text(document: &str) -> Vec<u8> {
    format!("{FORMAT}\n{document}").into_bytes()
}

/// The connection or key behind the `/` of an actor.
pub fn agent(actor: &str) -> Option<String> {
    actor.split_once('/').map(|(_, name)| name.to_owned())
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by(|one, other| one.0.encode_utf16().cmp(other.0.encode_utf16()));
            text.push('{');
            for (index, (name, item)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(item, text);
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_text_is_one_whatever_the_order_of_keys() {
        let mut text = String::new();
        write(&json!({ "b": [1, null, "ö\n\u{1}\""], "a": { "d": true, "c": {} }, "€": 1, "\u{1f600}": 2 }), &mut text);
        assert_eq!(text, "{\"a\":{\"c\":{},\"d\":true},\"b\":[1,null,\"ö\\n\\u0001\\\"\"],\"€\":1,\"\u{1f600}\":2}");
    }

    #[test]
    fn agents_stand_behind_the_member() {
        assert_eq!(agent("mbr_1"), None);
        assert_eq!(agent("mbr_1/claude/3"), Some("claude/3".into()));
    }
}
