//! Write posts as a file that an import takes, in this workspace or in another.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        cursor,
        posts::query::{self, check_limit},
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::{AccountId, AssetId, CampaignId, PostId},
    model::{
        imports::{Format, Picture, Row, RowVariant, Segment, csv, json::item},
        posts::{Message, Variant},
        roles::Permission,
        states::{PostStatus, TargetState},
        tags, times,
    },
    store::{
        assets,
        exports::{self, Going, Written},
        posts::Filter,
    },
};

/// Most posts in one answer.
const MOST: u32 = 500;

/// Every filter left out means "any".
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostsExport {
    /// Default: csv.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PostStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Due or published from this local time or instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Before this local time or instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Posts in one answer, 1 to 500. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u32>,
    /// next_cursor of the answer before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Exported {
    pub format: Format,
    /// First line of a CSV file; empty for JSON.
    pub heading: String,
    /// The file without its heading.
    pub content: String,
    pub posts: usize,
    /// Missing at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl UseCase for PostsExport {
    type Input = Self;
    type Output = Exported;
    type Form = Locally;
    const NAME: &'static str = "posts_export";
    const NEEDS: Permission = Permission::ReadWorkspace;
    const EFFECT: Effect = Effect::Read;
    const LOGGED: bool = true;
}

impl Local for PostsExport {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Exported> {
        let limit = check_limit(input.limit, MOST)?;
        let zone = scope.entered.time_zone.clone();
        let list = format!(
            "export {}",
            serde_json::to_string(&PostsExport { cursor: None, limit: None, ..input.clone() }).unwrap_or_default()
        );
        let instant = |text: &str| times::parse(text, &zone).map(|moment| moment.instant);
        let filter = Filter {
            status: input.status,
            account: input.account_id,
            campaign: input.campaign_id,
            tag: input.tag.as_deref().map(tags::parse).transpose()?,
            from: input.from.as_deref().map(instant).transpose()?,
            to: input.to.as_deref().map(instant).transpose()?,
            published_or_by: scope.ctx.member().filter(|_| !scope.role().sees_all_drafts()),
            after: input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?,
            ..Filter::default()
        };
        let mut found = query::rows(scope, &filter, i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next_cursor = found
            .last()
            .filter(|_| more)
            .map(|post| cursor::seal(scope.app, &list, post.created_at, post.post_id.uuid()));
        let ids: Vec<PostId> = found.iter().map(|post| post.post_id).collect();
        let rows = rows(scope, &ids).await?;
        scope.changed("export", scope.ctx.request, json!({ "posts": rows.len() }));
        let format = input.format.unwrap_or(Format::Csv);
        let (heading, content) = match format {
            Format::Csv => {
                let told = rows.iter().map(|(row, told)| csv::Written { row, told: told.clone() });
                let parts = csv::write(&told.collect::<Vec<_>>())?;
                (parts.heading, parts.body)
            }
            Format::Json => {
                let items: Vec<_> = rows.iter().map(|(row, told)| item(row, told.clone())).collect();
                (String::new(), serde_json::to_string_pretty(&items).map_err(Error::internal)?)
            }
        };
        Ok(Exported { format, heading, content, posts: rows.len(), next_cursor })
    }
}

/// A row, and what is told besides.
type Line = (Row, [String; 3]);

/// What a version keeps.
#[derive(Deserialize)]
struct Kept {
    title: Option<String>,
    segments: Vec<Message>,
    variants: Vec<Variant>,
    account_ids: Vec<AccountId>,
}

async fn rows(scope: &mut Scope<'_>, ids: &[PostId]) -> Result<Vec<Line>> {
    let workspace = scope.ctx.workspace;
    let mut written: HashMap<PostId, Written> = exports::written(scope.tx, workspace, ids)
        .await?
        .into_iter()
        .map(|written| (written.post_id, written))
        .collect();
    let mut going: HashMap<PostId, Vec<Going>> = HashMap::new();
    for target in exports::going(scope.tx, workspace, ids).await? {
        going.entry(target.post_id).or_default().push(target);
    }
    let mut kept = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(mut written) = written.remove(id) else { continue };
        let content: Kept = serde_json::from_value(written.content.take()).map_err(Error::internal)?;
        kept.push((written, content, going.remove(id).unwrap_or_default()));
    }
    let media = kept.iter().flat_map(|(_, content, _)| {
        content.segments.iter().chain(content.variants.iter().flat_map(|variant| &variant.segments))
    });
    let assets: Vec<AssetId> = media.flat_map(|message| &message.media).map(|media| media.asset_id).collect();
    let pictures = assets::hashes(scope.tx, workspace, &assets).await?;
    let pictures = pictures.into_iter().map(|(id, hash, alt)| (id, (hash, alt))).collect();
    Ok(kept.into_iter().map(|(written, content, going)| line(written, content, going, &pictures)).collect())
}

type Pictures = HashMap<AssetId, (Vec<u8>, String)>;

fn line(written: Written, content: Kept, going: Vec<Going>, pictures: &Pictures) -> Line {
    let name = |account: AccountId| {
        let target = going.iter().find(|target| target.account_id == account);
        target.map_or_else(|| account.to_string(), |target| format!("{}/{}", target.network, target.handle))
    };
    let first = going.iter().find(|target| keeps_time(target));
    let (first_due, zone) = (first.and_then(|target| target.due_at), first.and_then(|target| target.due_zone.clone()));
    let mut variants: Vec<RowVariant> = content
        .variants
        .iter()
        .map(|variant| RowVariant {
            account: name(variant.account_id),
            segments: segments(&variant.segments, pictures),
            scheduled_at: None,
        })
        .collect();
    for target in &going {
        let due = target.due_at.filter(|_| keeps_time(target));
        if due == first_due {
            continue;
        }
        let at = Some(due.map(|due| said(due, zone.as_deref())).unwrap_or_default());
        let account = name(target.account_id);
        match variants.iter_mut().find(|variant| variant.account == account) {
            Some(variant) => variant.scheduled_at = at,
            None => variants.push(RowVariant { account, segments: Vec::new(), scheduled_at: at }),
        }
    }
    let published = going.iter().filter_map(|target| target.published_at).min();
    let told = [written.post_id.to_string(), written.status, published.map(|at| at.to_string()).unwrap_or_default()];
    let row = Row {
        number: 0,
        key: Some(written.post_id.to_string()),
        segments: segments(&content.segments, pictures),
        accounts: content.account_ids.iter().map(|account| name(*account)).collect(),
        scheduled_at: first_due.map(|due| said(due, zone.as_deref())),
        time_zone: zone,
        title: content.title,
        tags: written.tags,
        campaign: written.campaign,
        variants,
    };
    (row, told)
}

/// Drafts, and what was cancelled or failed, have no time that an import should set again.
fn keeps_time(target: &Going) -> bool {
    let timeless = [TargetState::Draft, TargetState::Cancelled, TargetState::Failed].map(TargetState::as_str);
    target.due_at.is_some() && !timeless.contains(&target.state.as_str())
}

/// Local in the zone, unless that would be read as another instant (an hour that comes twice).
fn said(due: Timestamp, zone: Option<&str>) -> String {
    let zone = zone.unwrap_or("UTC");
    let Ok(tz) = times::zone(zone) else { return due.to_string() };
    let zoned = due.in_zone(&tz);
    let local = zoned.strftime("%Y-%m-%d %H:%M:%S").to_string();
    match times::parse(&local, zone) {
        Ok(moment) if moment.instant == due => local,
        _ => zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
    }
}

fn segments(messages: &[Message], pictures: &Pictures) -> Vec<Segment> {
    let picture = |media: &crate::model::posts::MediaRef| match pictures.get(&media.asset_id) {
        None => Picture { source: media.asset_id.to_string(), alt_text: media.alt_text.clone() },
        Some((hash, own)) => Picture {
            source: format!("sha256:{}", HEXLOWER.encode(hash)),
            alt_text: media.alt_text.clone().or_else(|| Some(own.clone()).filter(|own| !own.is_empty())),
        },
    };
    messages
        .iter()
        .map(|message| Segment { text: message.text.clone(), media: message.media.iter().map(picture).collect() })
        .collect()
}
