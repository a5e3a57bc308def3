//! Campaigns: posts that belong together, go out together, and are looked at as one.

pub mod change;
pub mod create;
pub mod get;
pub mod list;
pub mod schedule;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::use_case::Scope,
    clock::Timestamp,
    error::{Error, Result},
    ids::CampaignId,
    model::states::{PostStatus, TargetState},
    store::campaigns::{self, Campaign, StateCount},
};

/// A campaign at a glance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CampaignView {
    pub id: CampaignId,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Over all posts on all accounts, as a post has it: what needs attention first wins.
    pub status: PostStatus,
    /// How many times a post is to go to an account, by state.
    pub targets: Vec<StateTally>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StateTally {
    pub status: TargetState,
    pub count: i64,
}

/// What a call that changes a campaign answers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CampaignChanged {
    pub message: String,
    pub campaign: CampaignView,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

pub(super) fn view(campaign: Campaign, counts: &[StateCount]) -> CampaignView {
    let own = counts.iter().filter(|count| count.campaign == campaign.campaign_id);
    let targets: Vec<_> = own.map(|count| StateTally { status: count.state, count: count.count }).collect();
    let states: Vec<_> = targets.iter().map(|tally| tally.status).collect();
    CampaignView {
        id: campaign.campaign_id,
        name: campaign.name,
        description: campaign.description,
        status: PostStatus::of(&states),
        targets,
        archived_at: campaign.archived_at,
    }
}

/// Reads a campaign with what the caller sees of its posts.
pub(super) async fn load(scope: &mut Scope<'_>, id: CampaignId) -> Result<CampaignView> {
    let campaign = campaigns::get(scope.tx, scope.ctx.workspace, id).await?.ok_or_else(no_such_campaign)?;
    let only = scope.ctx.member().filter(|_| !scope.role().sees_all_drafts());
    let counts = campaigns::state_counts(scope.tx, scope.ctx.workspace, &[id], only).await?;
    Ok(view(campaign, &counts))
}

/// A campaign that posts may be put into.
pub(crate) async fn open(scope: &mut Scope<'_>, id: CampaignId) -> Result<Campaign> {
    let campaign = campaigns::get(scope.tx, scope.ctx.workspace, id).await?.ok_or_else(no_such_campaign)?;
    must_be_open(&campaign)?;
    Ok(campaign)
}

fn must_be_open(campaign: &Campaign) -> Result<()> {
    match campaign.archived_at {
        None => Ok(()),
        Some(_) => Err(Error::conflict("campaign_archived", format!("The campaign “{}” is archived.", campaign.name))
            .next("Choose another campaign, or take this one out of the archive: `allin campaign change --restore`.")),
    }
}

pub(crate) fn no_such_campaign() -> Error {
    Error::not_found("campaign_not_found", "There is no such campaign in this workspace.")
        .next("Use campaign_list to see the campaigns.")
}

/// A name as it is kept.
pub(crate) fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.contains(char::is_control) {
        return Err(Error::invalid("campaign_name_invalid", "That is no name for a campaign.")
            .field("name", "1 to 200 characters on one line"));
    }
    Ok(name.to_owned())
}

fn check_description(description: &str) -> Result<String> {
    if description.chars().count() > 5000 || description.contains('\0') {
        return Err(Error::invalid(
            "campaign_description_invalid",
            "The description is too long, or has a NUL character.",
        )
        .field("description", "at most 5000 characters"));
    }
    Ok(description.trim().to_owned())
}

fn name_taken(name: &str) -> Error {
    Error::conflict("campaign_name_taken", format!("There is a campaign “{name}” already."))
        .next("Use that one (campaign_list, with archived ones too), or choose another name.")
        .field("name", "a name that no other campaign has")
}
