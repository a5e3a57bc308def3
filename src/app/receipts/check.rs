//! Checks receipts with nothing but the public key: no database, no network.

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    error::{Error, Result},
    model::receipts::{FORMAT, Receipt, SignedReceipt, signed_text},
    vault::{self, PublicKey, attested, public_key_id},
};

/// The public key in hexadecimal, as `allin audit key` prints it.
pub fn public_key(text: &str) -> Result<PublicKey> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    bytes.and_then(|bytes| vault::public_key(&bytes)).ok_or_else(|| {
        Error::invalid("key_malformed", "This is no public key of 64 hexadecimal digits.")
            .next("Run `allin audit key` where the receipt comes from.")
    })
}

/// The receipts in a file, each of them genuine; refuses all when one is not. Takes one receipt, a list of them, or what
/// receipt_get answers.
pub fn check(text: &str, key: &PublicKey) -> Result<Vec<Receipt>> {
    let found = read(text).map_err(|error| {
        Error::invalid("receipt_unreadable", format!("This is no receipt: {error}."))
            .next("Give the file as `allin receipt show --json` or receipt_get wrote it.")
    })?;
    if found.is_empty() {
        return Err(Error::invalid("receipt_missing", "There is no receipt in it.")
            .next("A post has receipts for accounts on which it is public with all its messages."));
    }
    found.into_iter().map(|signed| genuine(signed, key)).collect()
}

/// Straight into the types: a field that comes twice, or that we do not sign, is refused.
fn read(text: &str) -> serde_json::Result<Vec<SignedReceipt>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Answer {
        receipts: Vec<SignedReceipt>,
    }
    let kind: Value = serde_json::from_str(text)?;
    if kind.is_array() {
        return serde_json::from_str(text);
    }
    if kind.get("receipts").is_some() {
        return serde_json::from_str::<Answer>(text).map(|answer| answer.receipts);
    }
    serde_json::from_str(text).map(|one| vec![one])
}

fn genuine(signed: SignedReceipt, key: &PublicKey) -> Result<Receipt> {
    let which = format!("The receipt of {} on @{}", signed.receipt.post, signed.receipt.account.handle);
    if signed.key_id != public_key_id(key) {
        return Err(Error::invalid(
            "receipt_other_key",
            format!("{which} names the key {}; this is {}.", signed.key_id, public_key_id(key)),
        )
        .next("Give the public key of the installation that made it (--key)."));
    }
    let signature = HEXLOWER_PERMISSIVE.decode(signed.signature.as_bytes()).unwrap_or_default();
    let document = signed.receipt.document()?;
    if signed.receipt.format != FORMAT || !attested(key, &signed_text(&document), &signature) {
        return Err(Error::conflict("receipt_forged", format!("{which} is not genuine: it was changed."))
            .next("Ask for it anew where it was made: `allin receipt show`."));
    }
    Ok(signed.receipt)
}
