//! Campaigns as tools.

use std::fmt::Write as _;

use crate::{
    app::campaigns::{
        CampaignChanged, CampaignView,
        create::CampaignCreate,
        get::{CampaignFound, CampaignGet},
        list::{CampaignList, Campaigns},
        schedule::CampaignSchedule,
    },
    tools::registry::{Face, Spoken, ToolSpec, Toolset, on_demand},
};

pub fn tools() -> Vec<ToolSpec> {
    vec![
        on_demand::<CampaignCreate>(Face {
            name: "campaign_create",
            toolset: Some(Toolset::Schedule),
            title: "Make a campaign",
            description: "Makes a campaign, a name under which posts belong together, and puts the given posts into it. Later \
                posts join it by campaign_id of post_create and post_update. Nothing is scheduled: campaign_schedule launches \
                it. The same campaign again within 10 minutes returns the first.",
            idempotent: false,
            open_world: false,
            asks: false,
        }),
        on_demand::<CampaignList>(Face {
            name: "campaign_list",
            toolset: Some(Toolset::Schedule),
            title: "List campaigns",
            description: "Lists the campaigns by name, each with one status over all its posts and accounts, and how many are in \
                which state. campaign_get shows the posts of one.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<CampaignGet>(Face {
            name: "campaign_get",
            toolset: Some(Toolset::Schedule),
            title: "Look at a campaign",
            description: "Shows a campaign with its posts and what became of each on each account: status, time, link, or what \
                went wrong and what to do. Use it after a launch to see a partial failure.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
        on_demand::<CampaignSchedule>(Face {
            name: "campaign_schedule",
            toolset: Some(Toolset::Schedule),
            title: "Launch a campaign",
            description: "Schedules all drafts of a campaign for one instant, on all their accounts, and moves what is scheduled \
                already. All or nothing: if one post could not be sent, every problem is named and nothing is scheduled. \
                Published, failed, held and cancelled ones are left alone and named.",
            idempotent: true,
            open_world: false,
            asks: false,
        }),
    ]
}

pub(super) fn line(campaign: &CampaignView) -> String {
    let states: Vec<_> =
        campaign.targets.iter().map(|tally| format!("{} {}", tally.count, tally.status.as_str())).collect();
    let states = if states.is_empty() { "no posts on accounts".to_owned() } else { states.join(", ") };
    let archived = if campaign.archived_at.is_some() { ", archived" } else { "" };
    format!("{}  {}  [{}{archived}]  {states}", campaign.id, campaign.name, campaign.status.as_str())
}

fn changed(changed: &CampaignChanged) -> String {
    let mut text = format!("{}\n{}", changed.message, line(&changed.campaign));
    for warning in &changed.warnings {
        _ = write!(text, "\nNote: {warning}");
    }
    text
}

impl Spoken for CampaignCreate {
    fn say(output: &CampaignChanged) -> String {
        changed(output)
    }
}

impl Spoken for CampaignSchedule {
    fn say(output: &CampaignChanged) -> String {
        changed(output)
    }
}

impl Spoken for CampaignList {
    fn say(found: &Campaigns) -> String {
        if found.campaigns.is_empty() {
            return "There is no campaign yet.".into();
        }
        let mut text = found.campaigns.iter().map(line).collect::<Vec<_>>().join("\n");
        if found.truncated {
            text.push_str("\nThere are more than 200; archive what is over.");
        }
        text
    }
}

impl Spoken for CampaignGet {
    fn say(found: &CampaignFound) -> String {
        let mut text = format!("{}\n", line(&found.campaign));
        if !found.campaign.description.is_empty() {
            _ = writeln!(text, "{}", found.campaign.description);
        }
        for post in &found.posts {
            _ = writeln!(text, "{} [{}] {}", post.id, post.status.as_str(), post.excerpt);
            for target in &post.targets {
                _ = write!(text, "  {}: {}", target.account, target.status.as_str());
                if let Some(due) = &target.due_local {
                    _ = write!(text, ", due {due}");
                }
                if let Some(url) = &target.url {
                    _ = write!(text, ", {url}");
                }
                text.push('\n');
                if let Some(problem) = &target.problem {
                    _ = writeln!(text, "    {} {}", problem.message, problem.next_step);
                }
            }
        }
        if found.truncated {
            text.push_str("More follow: post_query with campaign_id lists them all.\n");
        }
        text
    }
}
