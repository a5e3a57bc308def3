//! Receipts as a tool.

use std::fmt::Write as _;

use crate::{
    app::receipts::get::{ReceiptGet, Receipts},
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![on_demand::<ReceiptGet>(Face {
        name: "receipt_get",
        toolset: Some(Toolset::Posts),
        title: "Show receipts",
        description: "Shows the signed receipts of a published post, one for each account: who asked for it, who or what wrote \
            it, who approved, the hashes of what was sent, and where it is. `allin receipt verify` checks them anywhere.",
        idempotent: true,
        open_world: false,
        asks: false,
    })]
}

impl Spoken for ReceiptGet {
    fn say(found: &Receipts) -> String {
        if found.receipts.is_empty() {
            return "There is no receipt: on no account is the post public with all its messages.".into();
        }
        let mut text = String::new();
        for signed in &found.receipts {
            let receipt = &signed.receipt;
            _ = writeln!(
                text,
                "@{} ({}), published {}",
                receipt.account.handle, receipt.account.network, receipt.published_at
            );
            match &receipt.asked {
                Some(asked) => {
                    _ = writeln!(text, "  asked by {} through {} at {}", asked.actor, asked.origin, asked.at)
                }
                None => text.push_str("  who asked was not kept\n"),
            }
            _ = writeln!(text, "  version {} written by {}", receipt.version, receipt.written_by);
            match &receipt.approvals {
                Some(approvals) => _ = writeln!(text, "  approved: {approvals}"),
                None => text.push_str("  nothing had to be approved\n"),
            }
            for message in &receipt.messages {
                let place = message.url.as_deref().unwrap_or(&message.network_id);
                _ = writeln!(text, "  {place}\n    SHA-256 of the text {}", message.text_sha256);
                for media in &message.media {
                    _ = writeln!(text, "    SHA-256 of {} {}", media.asset, media.sha256);
                }
            }
            _ = writeln!(text, "  signed with key {}", signed.key_id);
        }
        text
    }
}
