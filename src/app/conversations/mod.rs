//! What a member asked and was answered. One's own only; an answer is shown as long as the documents that it quotes are for
//! whoever reads it.

pub mod get;
pub mod list;
pub mod view;

use crate::error::Error;

/// The same whether it never was or is somebody else's.
pub(crate) fn no_such_conversation() -> Error {
    Error::not_found("conversation_not_found", "There is no such conversation of yours in this workspace.")
        .next("Use conversation_list, or ask without a conversation_id.")
        .field("conversation_id", "one of your own")
}
