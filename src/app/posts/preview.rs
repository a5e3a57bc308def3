//! Show what a post will be on each network, before it is: as it is sent, counted as the network counts it, with all its
//! problems. Also for a text that is not stored, and for networks that cannot be connected.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        assets::add::AssetView,
        posts::{content, repeats, view},
        publishing::{outgoing, settle},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clients::networks::Remote,
    error::{Error, FieldIssue, Result},
    ids::{AccountId, AssetId, PostId},
    model::{
        lengths::text_length,
        network_rules::{as_sent, violations},
        networks::{Capabilities, KnownNetwork, LengthUnit},
        posts::Message,
        roles::Permission,
        split::split,
    },
    store::{
        accounts::Account,
        assets::Asset,
        targets::{self, Segment, Target},
    },
};

type Assets = BTreeMap<AssetId, Asset>;

/// Most bytes of all texts together.
const TEXT_BYTES_MAX: usize = 100_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostPreview {
    /// A stored post, on its accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// Or texts that are not stored, one per message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// For which networks to check the texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<KnownNetwork>,
    /// Suggest how to split the texts into a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Splitting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Splitting {
    Plain,
    /// With (1/3) at the end of each message.
    Numbered,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PostPreviewed {
    /// One per account or network.
    pub previews: Vec<Preview>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Preview {
    pub network: KnownNetwork,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Whether AllIN can publish to the network today.
    pub connectable: bool,
    pub segments: Vec<SegmentPreview>,
    /// What the network would refuse; empty when nothing.
    pub problems: Vec<FieldIssue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The texts as a thread in which each message fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggested_split: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SegmentPreview {
    /// As it is sent, escaped where the network wants that.
    pub text: String,
    /// As the network counts it.
    pub length: usize,
    pub limit: u32,
    pub unit: LengthUnit,
    /// UTF-8 bytes of the text as it is sent.
    pub bytes: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<AssetView>,
    /// The body of the call that publishes it, byte for byte; words in round brackets stand for what only the network
    /// can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl UseCase for PostPreview {
    type Input = Self;
    type Output = PostPreviewed;
    type Form = Locally;
    const NAME: &'static str = "post_preview";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
}

impl Local for PostPreview {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PostPreviewed> {
        let previews = match (input.post_id, input.texts.is_empty()) {
            (Some(post), true) => stored(scope, post, &input).await?,
            (None, false) => loose(&input)?,
            _ => {
                return Err(Error::invalid("post_or_texts", "Give either a post_id or texts.")
                    .field("post_id", "exactly one of post_id and texts")
                    .field("texts", "exactly one of post_id and texts"));
            }
        };
        Ok(PostPreviewed { previews })
    }
}

/// Texts without accounts: counted and split, with no body, which would name the account.
fn loose(input: &PostPreview) -> Result<Vec<Preview>> {
    if input.networks.is_empty() {
        return Err(Error::invalid("networks_missing", "Say for which networks the texts are to be checked.")
            .next("Give networks, such as [\"x\", \"bluesky\"]; network_rules lists all.")
            .field("networks", "at least one"));
    }
    if input.texts.iter().map(String::len).sum::<usize>() > TEXT_BYTES_MAX {
        return Err(Error::invalid(
            "texts_too_long",
            format!("The texts have more than {TEXT_BYTES_MAX} bytes together."),
        )
        .field("texts", format!("at most {TEXT_BYTES_MAX} bytes together")));
    }
    let messages: Vec<_> = input.texts.iter().map(|text| Message { text: text.clone(), media: Vec::new() }).collect();
    let mut networks = input.networks.clone();
    networks.sort_unstable();
    networks.dedup();
    Ok(networks.into_iter().map(|network| preview(network, &messages, &Assets::new(), input.split)).collect())
}

async fn stored(scope: &mut Scope<'_>, post: PostId, input: &PostPreview) -> Result<Vec<Preview>> {
    // Says whether the caller may see it.
    let seen = view::load(scope, post).await?;
    let mut previews = on_accounts(scope, post, input.split).await?;
    // Other networks see the post's own messages: those of a draft without account, else those of the first account.
    let messages = match seen.targets.into_iter().next() {
        Some(first) => first.segments.into_iter().map(|segment| segment.message).collect(),
        None => seen.segments,
    };
    let media = content::known_assets(scope, &messages, &[]).await?;
    for network in &input.networks {
        previews.push(preview(*network, &messages, &media, input.split));
    }
    Ok(previews)
}

/// A stored post on each of its accounts, whoever asks.
pub(crate) async fn on_accounts(scope: &mut Scope<'_>, post: PostId, how: Option<Splitting>) -> Result<Vec<Preview>> {
    let workspace = scope.ctx.workspace;
    let found = targets::of_post(scope.tx, workspace, post).await?;
    let account_ids: Vec<_> = found.iter().map(|target| target.account_id).collect();
    let accounts = content::known_accounts(scope, &account_ids).await?;
    let ids: Vec<_> = found.iter().map(|target| target.target_id).collect();
    let mut segments = targets::segments(scope.tx, workspace, &ids).await?;
    let mut previews = Vec::new();
    for (target, account) in found.iter().zip(&accounts) {
        let own: Vec<Segment> = segments.extract_if(.., |segment| segment.target_id == target.target_id).collect();
        previews.push(on_account(scope, target, account, &own, how).await?);
    }
    Ok(previews)
}

async fn on_account(
    scope: &mut Scope<'_>,
    target: &Target,
    account: &Account,
    segments: &[Segment],
    splitting: Option<Splitting>,
) -> Result<Preview> {
    let messages: Vec<_> = segments.iter().map(|segment| segment.message.clone()).collect();
    let media = content::known_assets(scope, &messages, &[]).await?;
    let mut shown = preview(account.network.into(), &messages, &media, splitting);
    shown.account_id = Some(account.account_id);
    shown.handle = Some(account.handle.clone());
    if segments.iter().all(|segment| segment.remote.is_none()) {
        let repeats = repeats::find(scope, &[(account, &messages)], Some(target.post_id)).await?;
        shown.problems.extend(repeats.problems);
        shown.warnings.extend(repeats.warnings);
    }
    if shown.problems.is_empty() {
        let bodies = bodies(scope, target, account, segments).await?;
        for (segment, body) in shown.segments.iter_mut().zip(bodies) {
            segment.body = body;
        }
    }
    Ok(shown)
}

/// What the adapter will send, or has sent, for each message.
async fn bodies(
    scope: &mut Scope<'_>,
    target: &Target,
    account: &Account,
    segments: &[Segment],
) -> Result<Vec<Option<String>>> {
    let network = scope.app.networks.get(account.network);
    let mut before: Vec<Remote> = Vec::new();
    let mut bodies = Vec::new();
    for segment in segments {
        // As the publisher will build it.
        let media = outgoing::media(scope.tx, scope.ctx.workspace, segment, segment.prepared.is_none()).await?;
        let shown = settle::shown_time(target, segment.ordinal, scope.now);
        let mut outgoing = outgoing::build(segments, segment, media, shown)?;
        let foreseen = network.foresee(&account.remote_id, &outgoing);
        if outgoing.prepared.is_null() {
            outgoing.prepared = foreseen.prepared;
        }
        outgoing.root = before.first().cloned();
        outgoing.parent = before.last().cloned();
        bodies.push(match network.body(&account.remote_id, &outgoing) {
            Ok(body) => Some(serde_json::to_string(&body).map_err(Error::internal)?),
            Err(_) => None,
        });
        let remote = segment.remote.clone().map(serde_json::from_value).transpose().map_err(Error::internal)?;
        before.push(remote.unwrap_or(foreseen.remote));
    }
    Ok(bodies)
}

/// What the rules alone tell.
fn preview(network: KnownNetwork, messages: &[Message], assets: &Assets, splitting: Option<Splitting>) -> Preview {
    let rules = network.rules();
    let drafts: Vec<_> = messages.iter().map(|message| content::draft(message, assets)).collect();
    let mut warnings = Vec::new();
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    let suggested_split = match splitting {
        Some(splitting) if rules.segments_max > 1 => {
            split(&texts.join("\n\n"), &rules, splitting == Splitting::Numbered)
        }
        Some(_) => {
            warnings.push(format!("{} has no threads, so nothing can be split.", rules.title));
            Vec::new()
        }
        None => Vec::new(),
    };
    if suggested_split.len() > rules.segments_max as usize {
        warnings.push(format!(
            "Split it is {} messages; a thread has at most {}.",
            suggested_split.len(),
            rules.segments_max
        ));
    }
    Preview {
        network,
        account_id: None,
        handle: None,
        connectable: rules.connectable,
        segments: messages.iter().map(|message| segment(&rules, message, assets)).collect(),
        problems: violations(&rules, &drafts),
        warnings,
        suggested_split,
    }
}

fn segment(rules: &Capabilities, message: &Message, assets: &Assets) -> SegmentPreview {
    let text = as_sent(rules.network, &message.text);
    let media = message.media.iter().filter_map(|media| {
        let asset = assets.get(&media.asset_id)?;
        let own = media.alt_text.clone();
        Some(AssetView { alt_text: own.unwrap_or_else(|| asset.alt_text.clone()), ..AssetView::from(asset) })
    });
    SegmentPreview {
        length: text_length(&message.text, rules.text_unit),
        limit: rules.text_limit,
        unit: rules.text_unit,
        bytes: text.len(),
        limit_bytes: rules.text_limit_bytes,
        media: media.collect(),
        body: None,
        text,
    }
}
