//! Makes receipts for targets that became public, in the transaction that records it: one insert for all of a batch.

use std::collections::HashMap;

use data_encoding::HEXLOWER;

use crate::{
    app::App,
    clients::networks::Remote,
    clock::Timestamp,
    error::{Error, Result},
    ids::{AssetId, TargetId, WorkspaceId},
    model::receipts::{FORMAT, Receipt, ReceiptAccount, ReceiptMedia, ReceiptMessage, agent, signed_text},
    store::{
        assets,
        db::Tx,
        receipts::{self, Facts, NewReceipt},
        targets::{self, Segment},
    },
    vault::sha256,
};

/// Hash and description of each.
type Media = HashMap<AssetId, (Vec<u8>, String)>;

/// Targets of one workspace are public with all their messages, and written so.
pub async fn issue(app: &App, tx: &mut Tx, workspace: WorkspaceId, done: &[TargetId], now: Timestamp) -> Result<()> {
    if done.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = done.iter().map(|target| target.uuid()).collect();
    let facts = receipts::facts(tx, workspace, &ids).await?;
    let mut segments: HashMap<TargetId, Vec<Segment>> = HashMap::new();
    for segment in targets::segments(tx, workspace, done).await? {
        segments.entry(segment.target_id).or_default().push(segment);
    }
    let media: Vec<AssetId> =
        segments.values().flatten().flat_map(|segment| &segment.message.media).map(|one| one.asset_id).collect();
    let media = match media.is_empty() {
        true => Vec::new(),
        false => assets::hashes(tx, workspace, &media).await?,
    };
    let media: Media = media.into_iter().map(|(id, hash, description)| (id, (hash, description))).collect();
    let mut made = Vec::with_capacity(facts.len());
    for facts in facts {
        let own = segments.remove(&facts.target_id).unwrap_or_default();
        let (target, post) = (facts.target_id.uuid(), facts.post_id.uuid());
        let document = receipt(workspace, facts, &own, &media, now)?.document()?;
        let signature = app.vault.attest(&signed_text(&document)).to_vec();
        made.push(NewReceipt { target, post, document, signature });
    }
    receipts::insert_all(tx, workspace, made, &app.vault.audit_key_id(), now).await
}

fn receipt(
    workspace: WorkspaceId,
    facts: Facts,
    segments: &[Segment],
    media: &Media,
    now: Timestamp,
) -> Result<Receipt> {
    Ok(Receipt {
        format: FORMAT.into(),
        workspace,
        post: facts.post_id,
        version: facts.version,
        target: facts.target_id,
        account: ReceiptAccount {
            id: facts.account_id,
            network: facts.network,
            handle: facts.handle,
            remote_id: facts.remote_id,
        },
        author: facts.author_id,
        agent: agent(&facts.written_by),
        written_by: facts.written_by,
        asked: facts.asked.map(serde_json::from_value).transpose().map_err(Error::internal)?,
        approvals: facts.approvals,
        messages: segments.iter().map(|segment| message(segment, media)).collect::<Result<_>>()?,
        due_at: facts.due_at,
        published_at: facts.published_at.unwrap_or(now),
    })
}

fn message(segment: &Segment, media: &Media) -> Result<ReceiptMessage> {
    let remote = segment.remote.clone().ok_or_else(|| Error::internal("a receipt for what is not public"))?;
    let remote: Remote = serde_json::from_value(remote).map_err(Error::internal)?;
    let hex = |text: &str| HEXLOWER.encode(&sha256(text.as_bytes()));
    let attached = segment.message.media.iter().map(|one| {
        let (hash, description) = media.get(&one.asset_id).cloned().unwrap_or_default();
        let said = one.alt_text.clone().unwrap_or(description);
        let alt_sha256 = Some(hex(&said)).filter(|_| !said.is_empty());
        ReceiptMedia { asset: one.asset_id, sha256: HEXLOWER.encode(&hash), alt_sha256 }
    });
    Ok(ReceiptMessage {
        text_sha256: hex(&segment.message.text),
        media: attached.collect(),
        network_id: remote.id,
        url: remote.url,
        shown_at: segment.stamped_at,
        published_at: segment.published_at,
    })
}
