//! Let held posts go: at new times, now, or not at all. Always asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        confirm::Question,
        held::{self, AT_ONCE, How, Moved, Release, Released, Times},
        publishing::presence,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::{Error, Result},
    ids::{AccountId, CampaignId, PostId},
    model::{pauses::PauseScope, roles::Permission, times},
    store::held::{self as stored, Filter, Held},
    vault::sha256,
};

/// Every filter left out means "any"; without any, all that is held.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldRelease {
    /// What becomes of them.
    pub release: Release,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_ids: Vec<PostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only those held for this reason, such as paused or missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// new_times: not before this local time or instant. Default: in 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// new_times: minutes between two posts of an account, 1 to 1440. Default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1440))]
    pub every_minutes: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HeldReleased {
    /// What was done, for a person.
    pub message: String,
    pub posts: Vec<Moved>,
    /// What deserves a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl UseCase for HeldRelease {
    type Input = Self;
    type Output = HeldReleased;
    type Form = Locally;
    const NAME: &'static str = "held_release";
    const NEEDS: Permission = Permission::PublishPosts;
    const EFFECT: Effect = Effect::Public;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let (rows, more) = input.rows(scope).await?;
        let how = How::of(scope, input.release, &input.times())?;
        if rows.is_empty() {
            return Err(Error::conflict("nothing_held", "Nothing is held there.")
                .next("held_list shows what is held, and why."));
        }
        let text = format!(
            "{}{}",
            asked(&rows, how, &scope.entered.time_zone),
            if more { " More are held; they wait for another call." } else { "" }
        );
        Ok(Some(Question { text, version: version(&rows) }))
    }
}

impl HeldRelease {
    fn times(&self) -> Times {
        Times { from: self.from.clone(), every_minutes: self.every_minutes }
    }

    /// What is meant, and whether there is more than one call takes.
    async fn rows(&self, scope: &mut Scope<'_>) -> Result<(Vec<Held>, bool)> {
        let tag = match &self.tag {
            Some(tag) => PauseScope::chosen(None, None, Some(tag))?.tag().map(str::to_owned),
            None => None,
        };
        let filter = Filter {
            posts: (!self.post_ids.is_empty()).then(|| self.post_ids.clone()),
            account: self.account_id,
            campaign: self.campaign_id,
            tag,
            code: self.reason.clone(),
            ..Filter::default()
        };
        let mut rows = stored::list(scope.tx, scope.ctx.workspace, &filter, AT_ONCE + 1).await?;
        let most = usize::try_from(AT_ONCE).unwrap_or(0);
        let more = rows.len() > most;
        rows.truncate(most);
        Ok((rows, more))
    }
}

impl Local for HeldRelease {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<HeldReleased> {
        let how = How::of(scope, input.release, &input.times())?;
        let (rows, more) = input.rows(scope).await?;
        let Released { posts, mut warnings } = held::release(scope, &rows, how).await?;
        if more {
            warnings.push("More are held: call again for the rest.".to_owned());
        }
        if input.release != Release::Drop && posts.iter().any(|moved| moved.still_held.is_none()) {
            warnings.extend(presence::warning(scope.tx, scope.now).await?);
        }
        Ok(HeldReleased { message: held::said(&posts, input.release), posts, warnings })
    }
}

/// The question, naming the first few.
pub(crate) fn asked(rows: &[Held], how: How, zone: &str) -> String {
    let names: Vec<_> =
        rows.iter().take(5).map(|row| format!("“{}” on {}/{}", row.excerpt, row.network, row.handle)).collect();
    let others = rows.len() - names.len();
    let names = match others {
        0 => names.join(", "),
        others => format!("{} and {others} more", names.join(", ")),
    };
    let count = rows.len();
    match how {
        How::NewTimes { from, distance } => format!(
            "Give new times to {count} held ({names}), from {} on, at least {} minutes apart on each account?",
            times::spoken(from, zone),
            distance / 60_000
        ),
        How::PublishNow => format!("Publish {count} held now ({names})? They will be public at once."),
        How::Drop => format!("Drop {count} held ({names})? They are not published; the posts are kept."),
    }
}

/// Changes when other posts, or other content, would be released.
pub(crate) fn version(rows: &[Held]) -> String {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend_from_slice(row.target_id.uuid().as_bytes());
        bytes.extend_from_slice(&row.version.to_be_bytes());
        bytes.extend_from_slice(row.code.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&sha256(&bytes))
}
