//! End a pause. What came due meanwhile stays held unless the person chooses what becomes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::{
        confirm::Question,
        held::{
            self, AT_ONCE, How, Moved, Release, Released, Times,
            release::{asked, version},
        },
        pauses,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, CampaignId},
    model::{pauses::PauseScope, roles::Permission},
    store::{
        held::{self as kept, Filter, Held},
        pauses as stored,
    },
};

/// Ends the pause of the whole workspace unless an account, a campaign or a tag is named.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishingResume {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What becomes of posts that came due during the pause. Default: they stay held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Release>,
    /// new_times: not before this local time or instant. Default: in 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// new_times: minutes between two posts of an account, 1 to 1440. Default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1440))]
    pub every_minutes: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PublishingResumed {
    /// What was done, for a person.
    pub message: String,
    /// Posts that came due during the pause, and what became of them.
    pub held: Vec<Moved>,
    /// Other pauses that last, and what else deserves a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl UseCase for PublishingResume {
    type Input = Self;
    type Output = PublishingResumed;
    type Form = Locally;
    const NAME: &'static str = "publishing_resume";
    const NEEDS: Permission = Permission::PausePublishing;
    const EFFECT: Effect = Effect::Public;

    /// Stopping is always safe; going on is asked, with what it means for posts that came due.
    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let wanted = input.scope()?;
        let pause = pauses::find(scope, &wanted).await?.ok_or_else(not_paused)?;
        let how = input.how(scope)?;
        let rows = held_by(scope, &wanted).await?;
        let later = stored::scheduled(scope.tx, scope.ctx.workspace, &wanted).await?;
        let mut text = format!("Resume publishing of {}, paused because: {}?", pauses::what(&pause), pause.reason);
        if later > 0 {
            text.push_str(&format!(" {later} scheduled will go out at their times."));
        }
        match how {
            _ if rows.is_empty() => text.push_str(" Nothing came due during the pause."),
            Some(how) => text.push_str(&format!(" {}", asked(&rows, how, &scope.entered.time_zone))),
            None => text.push_str(&format!(
                " {} came due during the pause and stay held. Instead they can get new times, be published now or be \
                 dropped (held: new_times, publish_now, drop).",
                rows.len()
            )),
        }
        Ok(Some(Question { text, version: format!("{}/{}", pause.since, version(&rows)) }))
    }
}

impl PublishingResume {
    fn scope(&self) -> Result<PauseScope> {
        PauseScope::chosen(self.account_id, self.campaign_id, self.tag.as_deref())
    }

    fn how(&self, scope: &Scope<'_>) -> Result<Option<How>> {
        let times = Times { from: self.from.clone(), every_minutes: self.every_minutes };
        self.held.map(|choice| How::of(scope, choice, &times)).transpose()
    }
}

fn not_paused() -> Error {
    Error::conflict("not_paused", "That is not paused.")
        .next("workspace_overview lists the pauses; name the account, campaign or tag of one of them.")
}

/// What came due in the scope while something was paused.
async fn held_by(scope: &mut Scope<'_>, wanted: &PauseScope) -> Result<Vec<Held>> {
    let filter = Filter {
        account: wanted.account(),
        campaign: wanted.campaign(),
        tag: wanted.tag().map(str::to_owned),
        code: Some("paused".into()),
        ..Filter::default()
    };
    kept::list(scope.tx, scope.ctx.workspace, &filter, AT_ONCE).await
}

impl Local for PublishingResume {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<PublishingResumed> {
        let wanted = input.scope()?;
        let how = input.how(scope)?;
        let pause = pauses::find(scope, &wanted).await?.ok_or_else(not_paused)?;
        let workspace = scope.ctx.workspace;
        let rows = held_by(scope, &wanted).await?;
        // Ended first: what another pause still stops stays held.
        stored::delete(scope.tx, workspace, &wanted).await?;
        let Released { posts: held, warnings: seen } = match how {
            Some(how) => held::release(scope, &rows, how).await?,
            None => Released::default(),
        };
        let tag = scope.committed(wanted.tag()).await?;
        let how = json!({
            "paused": false, "account": input.account_id, "campaign": input.campaign_id, "tag": tag,
            "held": rows.len(), "released": input.held,
        });
        scope.changed("publishing", workspace, how);
        let left = stored::list(scope.tx, workspace).await?;
        let mut warnings: Vec<_> =
            left.iter().map(|pause| format!("Still paused: {} ({}).", pauses::what(pause), pause.reason)).collect();
        warnings.extend(seen);
        if rows.len() >= usize::try_from(AT_ONCE).unwrap_or(0) {
            warnings.push("More may be held: held_list shows what is left.".into());
        }
        let became = match (input.held, rows.len()) {
            (_, 0) => "Nothing came due during the pause.".to_owned(),
            (Some(choice), _) => held::said(&held, choice),
            (None, count) => format!(
                "{count} that came due during the pause stay held: held_list shows them, held_release lets them go."
            ),
        };
        Ok(PublishingResumed {
            message: format!("Publishing of {} goes on. {became}", pauses::what(&pause)),
            held,
            warnings,
        })
    }
}
