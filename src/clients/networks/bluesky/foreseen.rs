//! What a server will say of a post before it is asked: references to uploads follow from their bytes. Only the accounts
//! behind mentions and the contents of earlier messages it alone can name.

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    super::{Foreseen, Outgoing, Remote},
    posts::Prepared,
};
use crate::model::{
    bluesky,
    facets::{self, Feature},
};

pub fn foresee(owner: &str, outgoing: &Outgoing) -> Foreseen {
    let mentions = facets::detect(&outgoing.text).into_iter().filter_map(|facet| match facet.feature {
        Feature::Mention { handle } => Some((handle.clone(), format!("(DID of @{handle})"))),
        _ => None,
    });
    let prepared = Prepared {
        blobs: outgoing.media.iter().map(|image| blob(&image.mime, &image.bytes)).collect(),
        mentions: mentions.collect(),
    };
    let id = bluesky::post_uri(owner, &bluesky::record_key(outgoing.key));
    let remote = Remote { id, url: None, detail: json!({ "cid": "(CID of the message before)" }) };
    Foreseen { prepared: serde_json::to_value(prepared).unwrap_or_default(), remote }
}

/// A reference to bytes: CID version 1, codec raw, SHA-256, in base 32 (AT Protocol, data model).
fn blob(mime: &str, bytes: &[u8]) -> Value {
    let mut cid = vec![0x01, 0x55, 0x12, 0x20];
    cid.extend(Sha256::digest(bytes));
    let link = format!("b{}", BASE32_NOPAD.encode(&cid).to_ascii_lowercase());
    json!({ "$type": "blob", "ref": { "$link": link }, "mimeType": mime, "size": bytes.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_those_of_the_specification() {
        // The CID of five bytes, as the IPFS project's own tools make it.
        let made = blob("image/png", b"hello");
        assert_eq!(made["ref"]["$link"], "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
        assert_eq!(made["size"], 5);
    }
}
