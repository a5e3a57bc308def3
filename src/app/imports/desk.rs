//! What rows are looked up in: everything of the workspace that they may name, read once for all of them.

use std::collections::{BTreeMap, HashMap};

use crate::{
    app::use_case::Scope,
    error::Result,
    ids::{AccountId, AssetId, CampaignId},
    model::{
        imports::{Picture, Row, Segment},
        roles::Permission,
    },
    store::{
        accounts::{self, Account},
        assets::{self, Asset},
        campaigns,
    },
};

use super::pictures::{Kept, Source, source};

/// More campaigns than a workspace can be thought to have.
const CAMPAIGNS_MAX: i64 = 10_000;

pub struct Desk {
    pub accounts: Vec<Account>,
    /// Those that the caller may schedule on; `None`: all.
    pub granted: Option<Vec<AccountId>>,
    pub may_schedule: bool,
    pub may_make_campaigns: bool,
    pub assets: BTreeMap<AssetId, Asset>,
    /// Ids of pictures by the hash of their content.
    pub hashes: HashMap<[u8; 32], AssetId>,
    /// Pictures fetched for this import, by what the file calls them.
    pub fetched: Kept,
    campaigns: HashMap<String, (CampaignId, bool)>,
    pub zone: String,
}

impl Desk {
    pub async fn set(scope: &mut Scope<'_>, rows: &[Row], fetched: Kept) -> Result<Self> {
        let workspace = scope.ctx.workspace;
        let accounts = accounts::list(scope.tx, workspace, None).await?;
        let ids: Vec<_> = accounts.iter().map(|account| account.account_id).collect();
        let granted = match (scope.role().uses_all_accounts(), scope.ctx.member()) {
            (false, Some(member)) => Some(accounts::granted(scope.tx, workspace, member, &ids).await?),
            _ => None,
        };
        let (mut asset_ids, mut hashes) = (fetched.values().flatten().copied().collect::<Vec<_>>(), Vec::new());
        for picture in rows.iter().flat_map(pictures) {
            match source(&picture.source) {
                Source::Asset(id) => asset_ids.push(id),
                Source::Hash(hash) => hashes.push(hash.to_vec()),
                Source::Elsewhere => {}
            }
        }
        let hashes = assets::by_hash(scope.tx, workspace, &hashes).await?;
        asset_ids.extend(hashes.iter().map(|(_, id)| *id));
        asset_ids.sort_unstable();
        asset_ids.dedup();
        let assets = assets::get_many(scope.tx, workspace, &asset_ids).await?;
        let campaigns = campaigns::list(scope.tx, workspace, true, CAMPAIGNS_MAX).await?;
        Ok(Self {
            may_schedule: scope.role().has(Permission::SchedulePosts),
            may_make_campaigns: scope.role().has(Permission::ManageCampaigns),
            granted,
            accounts,
            assets: assets.into_iter().map(|asset| (asset.asset_id, asset)).collect(),
            hashes: hashes.into_iter().collect(),
            fetched,
            campaigns: campaigns
                .into_iter()
                .map(|campaign| (campaign.name, (campaign.campaign_id, campaign.archived_at.is_some())))
                .collect(),
            zone: scope.entered.time_zone.clone(),
        })
    }

    /// An account by id, `network/handle`, or a handle that is on one network only.
    pub fn account(&self, named: &str) -> std::result::Result<&Account, String> {
        let bare = named.trim().trim_start_matches('@').to_lowercase();
        let mut found = self.accounts.iter().filter(|account| {
            account.account_id.to_string() == bare
                || account.handle.to_lowercase() == bare
                || format!("{}/{}", account.network, account.handle.to_lowercase()) == bare.replace("/@", "/")
        });
        match (found.next(), found.next()) {
            (Some(account), None) => Ok(account),
            (Some(_), Some(_)) => Err(format!("`{named}` is on several networks: write network/handle")),
            (None, _) => Err(format!("`{named}` is no account of this workspace")),
        }
    }

    /// A campaign by name or id: its name, and its id when there is one.
    pub fn campaign(&self, named: &str) -> std::result::Result<(String, Option<CampaignId>), String> {
        let by_id = named.parse::<CampaignId>().ok();
        let found = self.campaigns.iter().find(|(name, (id, _))| match by_id {
            Some(wanted) => *id == wanted,
            None => name.as_str() == named,
        });
        match found {
            Some((_, (_, true))) => Err(format!("the campaign `{named}` is archived")),
            Some((name, (id, false))) => Ok((name.clone(), Some(*id))),
            None if by_id.is_some() => Err(format!("there is no campaign {named}")),
            None if !self.may_make_campaigns => {
                Err(format!("there is no campaign `{named}`, and making one takes the role manager"))
            }
            None => crate::app::campaigns::check_name(named)
                .map(|name| (name, None))
                .map_err(|_| format!("`{named}` is no name for a campaign")),
        }
    }
}

/// Every picture that a row names.
pub fn pictures(row: &Row) -> impl Iterator<Item = &Picture> {
    let segments = row.segments.iter().chain(row.variants.iter().flat_map(|variant| &variant.segments));
    segments.flat_map(|segment: &Segment| &segment.media)
}
