//! Delete what was published since, where a network can: each post as `post_delete` does it, told one by one. What this call
//! does not come to, the publisher finishes.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::{
    app::{
        App,
        confirm::Question,
        crisis::{
            none_lasts,
            published::{self, Publication},
            taken,
        },
        ctx::Ctx,
        notifications::note::short,
        posts::delete::PostDelete,
        use_case::{Effect, Remote, Remotely, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
    ids::PostId,
    model::{crisis::Standing, roles::Permission, times},
    store::crisis::{self, Incident},
    vault::sha256,
};

/// How long one call asks networks: less than the lease of its repetition key.
const PATIENCE: Duration = Duration::from_secs(60);
/// Posts whose networks are asked at once.
const AT_ONCE: usize = 8;
/// Posts that a question names.
const NAMED: usize = 10;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisDelete {
    /// Posts that the crisis lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub post_ids: Vec<PostId>,
    /// Everything that was published since, and is public: at most 500 at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_since: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CrisisDeleted {
    /// What was done, for a person.
    pub message: String,
    /// The posts on each account, as they stand now; a problem says what to do by hand.
    pub posts: Vec<Publication>,
    /// Posts whose deletion could not even begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_begun: Vec<NotBegun>,
    /// There is more to delete: call again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NotBegun {
    pub post_id: PostId,
    /// Why.
    pub message: String,
    pub next_step: String,
}

impl UseCase for CrisisDelete {
    type Input = Self;
    type Output = CrisisDeleted;
    type Form = Remotely;
    const NAME: &'static str = "crisis_delete";
    const NEEDS: Permission = Permission::LeadCrisis;
    const EFFECT: Effect = Effect::Destructive;

    async fn question(scope: &mut Scope<'_>, input: &Self) -> Result<Option<Question>> {
        let incident = crisis::lasting(scope.tx, scope.ctx.workspace).await?.ok_or_else(none_lasts)?;
        let chosen = choose(scope, &incident, input).await?;
        Ok(Some(chosen.question(&incident, &scope.entered.time_zone)))
    }
}

/// What a call is about.
struct Chosen {
    /// Everything that is meant, on each account.
    places: Vec<Publication>,
    /// Posts that a network is asked about.
    posts: BTreeSet<PostId>,
    more: bool,
}

async fn choose(scope: &mut Scope<'_>, incident: &Incident, input: &CrisisDelete) -> Result<Chosen> {
    if input.all_since != input.post_ids.is_empty() {
        return Err(Error::invalid("posts_ambiguous", "Name posts, or say all_since; not both, and not neither.")
            .next("crisis_status lists the posts in question.")
            .field("post_ids", "posts that the crisis lists, unless all_since"));
    }
    let only = Some(input.post_ids.as_slice()).filter(|_| !input.all_since);
    let (mut places, more) = published::since(scope, incident.since, None, only).await?;
    if let Some(missing) = input.post_ids.iter().find(|id| !places.iter().any(|one| one.post_id == **id)) {
        let since = times::spoken(incident.since, &scope.entered.time_zone);
        return Err(Error::not_found("post_not_listed", format!("{missing} was not published since {since}."))
            .next("crisis_status lists what was. Others are deleted with post_delete."));
    }
    if input.all_since {
        places.retain(|one| one.standing != Standing::Removed);
    }
    let posts: BTreeSet<PostId> =
        places.iter().filter(|one| one.standing != Standing::Removed && one.deletable).map(|one| one.post_id).collect();
    if places.is_empty() {
        return Err(Error::conflict("nothing_to_delete", "Nothing that was published since is public any more.")
            .next("crisis_status shows what was deleted, and what has to be deleted by hand."));
    }
    Ok(Chosen { places, posts, more })
}

impl Chosen {
    fn question(&self, incident: &Incident, zone: &str) -> Question {
        let since = times::spoken(incident.since, zone);
        let reached =
            self.places.iter().filter(|one| matches!(one.standing, Standing::Public | Standing::BeingRemoved));
        let names: Vec<_> = reached.map(|one| format!("“{}” on {}", short(&one.excerpt, 60), one.account)).collect();
        let beyond = names.len().saturating_sub(NAMED);
        let mut text = match names.len() {
            0 => "AllIN can delete none of these now; they are to be deleted by hand. Go on to see where?".to_owned(),
            count => format!(
                "Delete what was published since {since}, {count} in all: {}{}? Likes and replies there are lost.",
                names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", "),
                if beyond > 0 { format!(" and {beyond} more") } else { String::new() }
            ),
        };
        let by_hand = self.places.iter().filter(|one| one.standing == Standing::ByHand).count();
        if by_hand > 0 && !names.is_empty() {
            text.push_str(&format!(" {by_hand} can only be deleted by hand."));
        }
        let all: Vec<_> =
            self.places.iter().map(|one| format!("{}/{}/{:?}", one.post_id, one.account_id, one.standing)).collect();
        let version = data_encoding::HEXLOWER.encode(&sha256(all.join("\n").as_bytes()));
        Question { text, version }
    }
}

type One = <PostDelete as Remote>::Plan;
type Gone = <PostDelete as Remote>::Outcome;

pub struct Plan {
    since: Timestamp,
    meant: Vec<PostId>,
    begun: Vec<One>,
    not_begun: Vec<NotBegun>,
    more: bool,
}

pub struct Outcome {
    since: Timestamp,
    meant: Vec<PostId>,
    gone: Vec<Gone>,
    not_begun: Vec<NotBegun>,
    more: bool,
}

impl Remote for CrisisDelete {
    type Plan = Plan;
    type Outcome = Outcome;

    /// With its commit every deletion is wanted: should this process die, the publisher carries it out.
    async fn begin(scope: &mut Scope<'_>, input: Self) -> Result<Plan> {
        let incident = taken(scope).await?;
        let chosen = choose(scope, &incident, &input).await?;
        let (mut begun, mut not_begun) = (Vec::new(), Vec::new());
        // In the order in which everybody locks posts.
        for post_id in &chosen.posts {
            match PostDelete::begin(scope, PostDelete { post_id: *post_id }).await {
                Ok(plan) => begun.push(plan),
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound | Kind::Forbidden) => {
                    let said = error.public();
                    not_begun.push(NotBegun { post_id: *post_id, message: said.message, next_step: said.next_step });
                }
                Err(error) => return Err(error),
            }
        }
        let meant: BTreeSet<PostId> = chosen.places.iter().map(|one| one.post_id).collect();
        Ok(Plan { since: incident.since, meant: meant.into_iter().collect(), begun, not_begun, more: chosen.more })
    }

    async fn call(app: &App, ctx: &Ctx, plan: Plan) -> Result<Outcome> {
        let until = Instant::now() + PATIENCE;
        let mut gone = Vec::new();
        let mut rest = plan.begun.into_iter();
        loop {
            let some: Vec<One> = rest.by_ref().take(AT_ONCE).collect();
            if some.is_empty() || Instant::now() >= until {
                break;
            }
            let asked = some.into_iter().map(|one| timeout_at(until, PostDelete::call(app, ctx, one)));
            // What took too long is asked again by the publisher; deleting twice is harmless.
            for done in join_all(asked).await.into_iter().flatten() {
                gone.push(done?);
            }
        }
        let Plan { since, meant, not_begun, more, .. } = plan;
        Ok(Outcome { since, meant, gone, not_begun, more })
    }

    async fn finish(scope: &mut Scope<'_>, outcome: Outcome) -> Result<CrisisDeleted> {
        for gone in outcome.gone {
            PostDelete::finish(scope, gone).await?;
        }
        let (posts, _) = published::since(scope, outcome.since, None, Some(&outcome.meant)).await?;
        let message = said(&posts, &outcome.not_begun);
        Ok(CrisisDeleted { message, posts, not_begun: outcome.not_begun, more: outcome.more })
    }
}

fn said(posts: &[Publication], not_begun: &[NotBegun]) -> String {
    let count = |standing| posts.iter().filter(|one| one.standing == standing).count();
    let mut parts = vec![format!("{} of {} removed", count(Standing::Removed), posts.len())];
    let mut part = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    };
    part(count(Standing::BeingRemoved), "not yet: it is tried again by itself");
    part(count(Standing::ByHand), "to be deleted by hand");
    part(not_begun.len(), "that could not be begun");
    format!("{}.", parts.join(", "))
}
