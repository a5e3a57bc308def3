//! What a post would say on each account: the messages with their images, checked against each network's rules.

use std::collections::BTreeMap;

use crate::{
    app::use_case::Scope,
    clients::networks::registry::Networks,
    error::{Error, FieldIssue, Result},
    ids::{AccountId, AssetId},
    model::{
        networks::{DraftSegment, MediaFacts, NetworkId},
        posts::{Message, SEGMENTS_MAX, Variant},
    },
    store::{
        accounts::{self, Account},
        assets::{self, Asset},
    },
};

/// Messages for one account, and what its network would object to.
pub struct ForAccount {
    pub account: Account,
    pub messages: Vec<Message>,
    pub problems: Vec<FieldIssue>,
}

/// The accounts, all known to the workspace.
pub async fn known_accounts(scope: &mut Scope<'_>, ids: &[AccountId]) -> Result<Vec<Account>> {
    let all = accounts::list(scope.tx, scope.ctx.workspace, None).await?;
    ids.iter()
        .map(|id| {
            all.iter().find(|account| account.account_id == *id).cloned().ok_or_else(|| {
                Error::not_found("account_not_found", format!("There is no account {id} in this workspace."))
                    .next("Use account_list to see the accounts.")
            })
        })
        .collect()
}

/// Refuses accounts that the caller was not granted.
pub async fn may_use(scope: &mut Scope<'_>, ids: &[AccountId]) -> Result<()> {
    let (false, Some(member)) = (scope.role().uses_all_accounts(), scope.ctx.member()) else { return Ok(()) };
    let granted = accounts::granted(scope.tx, scope.ctx.workspace, member, ids).await?;
    match ids.iter().find(|id| !granted.contains(id)) {
        None => Ok(()),
        Some(id) => Err(Error::forbidden("account_not_granted", format!("You were not granted the account {id}."))
            .next("Ask a workspace admin: `allin account grant`.")),
    }
}

/// Works out the messages per account and checks them. Problems are returned, not raised: a draft may have them.
pub async fn resolve(
    scope: &mut Scope<'_>,
    account_ids: &[AccountId],
    segments: &[Message],
    variants: &[Variant],
) -> Result<Vec<ForAccount>> {
    check_shape(account_ids, segments, variants)?;
    let accounts = known_accounts(scope, account_ids).await?;
    let assets = known_assets(scope, segments, variants).await?;
    Ok(per_account(&scope.app.networks, accounts, &assets, segments, variants))
}

/// [`resolve`] for whoever has checked the shape and loaded accounts and assets, as an import of many posts does.
pub(crate) fn per_account(
    networks: &Networks,
    accounts: Vec<Account>,
    assets: &BTreeMap<AssetId, Asset>,
    segments: &[Message],
    variants: &[Variant],
) -> Vec<ForAccount> {
    let mut out = Vec::with_capacity(accounts.len());
    for account in accounts {
        let variant = variants.iter().enumerate().find(|(_, variant)| variant.account_id == account.account_id);
        let (path, own) = match variant {
            Some((index, variant)) => (format!("variants[{index}]."), variant.segments.as_slice()),
            None => (String::new(), segments),
        };
        let messages = with_descriptions(own, assets);
        let problems = check(networks, account.network, &messages, assets, &path);
        out.push(ForAccount { account, messages, problems });
    }
    out
}

/// Checks stored messages again, for example before they are scheduled.
pub async fn recheck(scope: &mut Scope<'_>, network: NetworkId, messages: &[Message]) -> Result<Vec<FieldIssue>> {
    let assets = known_assets(scope, messages, &[]).await?;
    Ok(check(&scope.app.networks, network, messages, &assets, ""))
}

pub(crate) fn check_shape(account_ids: &[AccountId], segments: &[Message], variants: &[Variant]) -> Result<()> {
    let mut issues = Vec::new();
    let mut issue = |field: String, message: &str| issues.push(FieldIssue { field, message: message.to_owned() });
    if segments.is_empty() {
        issue("segments".into(), "needs at least one message");
    }
    let lists = std::iter::once((String::new(), segments)).chain(
        variants
            .iter()
            .enumerate()
            .map(|(index, variant)| (format!("variants[{index}]."), variant.segments.as_slice())),
    );
    for (path, messages) in lists {
        if messages.len() > SEGMENTS_MAX {
            issue(format!("{path}segments"), "has more than 50 messages");
        }
        for (index, message) in messages.iter().enumerate() {
            if message.text.trim().is_empty() && message.media.is_empty() {
                issue(format!("{path}segments[{index}]"), "has neither text nor an image");
            }
            if message.text.contains('\0') {
                issue(format!("{path}segments[{index}].text"), "contains a NUL character");
            }
            if message.text.len() > 100_000 {
                issue(format!("{path}segments[{index}].text"), "is longer than 100,000 bytes");
            }
        }
    }
    for (index, id) in account_ids.iter().enumerate() {
        if account_ids.iter().take(index).any(|earlier| earlier == id) {
            issue(format!("account_ids[{index}]"), "is listed twice");
        }
    }
    for (index, variant) in variants.iter().enumerate() {
        if !account_ids.contains(&variant.account_id) {
            issue(format!("variants[{index}].account_id"), "is not among account_ids");
        }
        if variant.segments.is_empty() {
            issue(format!("variants[{index}].segments"), "needs at least one message");
        }
    }
    if issues.is_empty() {
        return Ok(());
    }
    Err(Error::invalid("post_malformed", "The post cannot be stored like this.").fields(issues))
}

pub(crate) async fn known_assets(
    scope: &mut Scope<'_>,
    segments: &[Message],
    variants: &[Variant],
) -> Result<BTreeMap<AssetId, Asset>> {
    let messages = segments.iter().chain(variants.iter().flat_map(|variant| &variant.segments));
    let mut ids: Vec<AssetId> = messages.flat_map(|message| &message.media).map(|media| media.asset_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = assets::get_many(scope.tx, scope.ctx.workspace, &ids).await?;
    let found: BTreeMap<_, _> = found.into_iter().map(|asset| (asset.asset_id, asset)).collect();
    match ids.iter().find(|id| !found.contains_key(id)) {
        None => Ok(found),
        Some(id) => Err(Error::not_found("asset_not_found", format!("There is no asset {id} in this workspace."))
            .next("Add the image with asset_add and use the id that it returns.")),
    }
}

/// An image without a description of its own takes the asset's.
fn with_descriptions(messages: &[Message], assets: &BTreeMap<AssetId, Asset>) -> Vec<Message> {
    let mut messages = messages.to_vec();
    for media in messages.iter_mut().flat_map(|message| &mut message.media) {
        if media.alt_text.is_none() {
            media.alt_text = assets.get(&media.asset_id).map(|asset| asset.alt_text.clone());
        }
    }
    messages
}

fn check(
    networks: &Networks,
    network: NetworkId,
    messages: &[Message],
    assets: &BTreeMap<AssetId, Asset>,
    path: &str,
) -> Vec<FieldIssue> {
    let drafts: Vec<_> = messages.iter().map(|message| draft(message, assets)).collect();
    let mut issues = networks.get(network).validate(&drafts);
    for issue in &mut issues {
        issue.field = format!("{path}{}", issue.field);
        issue.message = format!("{}: {}", network.title(), issue.message);
    }
    issues
}

pub(crate) fn draft(message: &Message, assets: &BTreeMap<AssetId, Asset>) -> DraftSegment {
    let media = message.media.iter().filter_map(|media| {
        let asset = assets.get(&media.asset_id)?;
        Some(MediaFacts { alt_text: media.alt_text.clone().unwrap_or_default(), ..asset.facts() })
    });
    DraftSegment { text: message.text.clone(), media: media.collect() }
}
