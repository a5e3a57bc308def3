//! What a batch decides on: the posts, targets, messages and accounts of some claims, as the database has them now.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    app::{
        App,
        approvals::signatures,
        publishing::{holds, settle::Reason},
    },
    error::Result,
    ids::{AccountId, CampaignId, PostId, TargetId, WorkspaceId},
    model::states::{PostStatus, TargetState},
    store::{
        attempts::{self, Attempt},
        db::Tx,
        dispatch::Claimed,
        edits,
        ledger::{self, Derived, Sender},
        pauses::{self, Pause},
        posts::{self, Post},
        targets::{self, Segment, Target},
    },
};

pub struct World {
    pub workspace: WorkspaceId,
    pauses: Vec<Pause>,
    /// Campaign and tags of the posts; read only while there are pauses.
    subjects: HashMap<PostId, (Option<CampaignId>, Vec<String>)>,
    posts: HashMap<PostId, Post>,
    /// All targets of the posts, also those that nobody claimed.
    targets: HashMap<TargetId, Target>,
    segments: HashMap<TargetId, Vec<Segment>>,
    open: HashMap<TargetId, Attempt>,
    /// What is public and is to get another text.
    edited: HashSet<TargetId>,
    senders: HashMap<AccountId, Sender>,
    /// Posts that stand on an approval which nobody signed.
    forged: HashSet<PostId>,
}

/// What the world holds of one target.
pub struct Place<'a> {
    pub post: &'a Post,
    pub target: &'a Target,
    pub segments: &'a [Segment],
    /// An attempt whose outcome is not known.
    pub open: Option<&'a Attempt>,
    /// It is to get another text.
    pub edited: bool,
    pub sender: &'a Sender,
}

impl Place<'_> {
    /// The first message that is not public yet.
    pub fn next(&self) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.remote.is_none())
    }
}

/// The posts that these claims are of, as far as they are there still.
pub async fn posts_of(tx: &mut Tx, workspace: WorkspaceId, claims: &[&Claimed]) -> Result<HashMap<TargetId, PostId>> {
    let targets: Vec<Uuid> = claims.iter().map(|claim| claim.target.uuid()).collect();
    Ok(ledger::posts_of(tx, workspace, &targets).await?.into_iter().collect())
}

impl World {
    /// Reads everything about `posts`, and what is needed to send the `claimed` targets of them.
    pub async fn load(
        app: &App,
        tx: &mut Tx,
        workspace: WorkspaceId,
        posts: impl IntoIterator<Item = PostId>,
        claimed: &[TargetId],
    ) -> Result<Self> {
        let mut ids: Vec<Uuid> = posts.into_iter().map(PostId::uuid).collect();
        ids.sort_unstable();
        ids.dedup();
        let claimed_ids: Vec<Uuid> = claimed.iter().map(|target| target.uuid()).collect();
        let pauses = pauses::list(tx, workspace).await?;
        let subjects = match pauses.is_empty() {
            true => HashMap::new(),
            false => ledger::subjects(tx, workspace, &ids).await?.into_iter().collect(),
        };
        let targets = ledger::targets_of(tx, workspace, &ids).await?;
        let mut accounts: Vec<Uuid> = targets
            .iter()
            .filter(|target| claimed.contains(&target.target_id))
            .map(|target| target.account_id.uuid())
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        let mut segments: HashMap<TargetId, Vec<Segment>> = HashMap::new();
        for segment in targets::segments(tx, workspace, claimed).await? {
            segments.entry(segment.target_id).or_default().push(segment);
        }
        let mut open = HashMap::new();
        for (target, attempt) in attempts::open_of(tx, workspace, &claimed_ids).await? {
            open.entry(target).or_insert(attempt);
        }
        let mut edited = HashSet::new();
        let public = |target: &&Target| target.state == TargetState::Published && claimed.contains(&target.target_id);
        for target in targets.iter().filter(public) {
            if !edits::pending(tx, workspace, target.target_id).await?.is_empty() {
                edited.insert(target.target_id);
            }
        }
        let forged = signatures::forged(app, tx, workspace, &ids, app.now()).await?;
        let posts = posts::get_all(tx, workspace, &ids).await?;
        let senders = ledger::senders(tx, workspace, &accounts).await?;
        Ok(Self {
            workspace,
            pauses,
            subjects,
            posts: posts.into_iter().map(|post| (post.post_id, post)).collect(),
            targets: targets.into_iter().map(|target| (target.target_id, target)).collect(),
            segments,
            open,
            edited,
            forged,
            senders: senders.into_iter().map(|sender| (sender.account.account_id, sender)).collect(),
        })
    }

    /// `None` when the target is gone.
    pub fn place(&self, target: TargetId) -> Option<Place<'_>> {
        let target = self.targets.get(&target)?;
        Some(Place {
            post: self.posts.get(&target.post_id)?,
            segments: self.segments.get(&target.target_id).map_or(&[], Vec::as_slice),
            open: self.open.get(&target.target_id),
            edited: self.edited.contains(&target.target_id),
            sender: self.senders.get(&target.account_id)?,
            target,
        })
    }

    /// Whether what was approved was signed by those who are said to have approved it.
    pub fn is_genuine(&self, place: &Place<'_>) -> bool {
        !self.forged.contains(&place.post.post_id)
    }

    /// Why a pause holds the target, if one does.
    pub fn paused(&self, place: &Place<'_>) -> Option<Reason> {
        let (campaign, tags) = self.subjects.get(&place.post.post_id)?;
        let stops = |pause: &&Pause| pause.scope.covers(place.target.account_id, *campaign, tags);
        self.pauses.iter().find(stops).map(holds::paused)
    }

    /// Changes a target here; [`World::save`] writes it.
    pub fn change(&mut self, target: TargetId, change: impl FnOnce(&mut Target)) {
        if let Some(target) = self.targets.get_mut(&target) {
            change(target);
        }
    }

    /// Writes these targets, and what follows for their posts.
    pub async fn save(&self, tx: &mut Tx, changed: &[TargetId], now: crate::clock::Timestamp) -> Result<()> {
        let changed: Vec<&Target> = changed.iter().filter_map(|id| self.targets.get(id)).collect();
        ledger::save_targets(tx, self.workspace, &changed, now).await?;
        let mut posts: Vec<PostId> = changed.iter().map(|target| target.post_id).collect();
        posts.sort_unstable();
        posts.dedup();
        let derived: Vec<Derived> = posts.into_iter().map(|post| self.derived(post)).collect();
        ledger::set_derived(tx, self.workspace, &derived, now).await
    }

    fn derived(&self, post: PostId) -> Derived {
        let of_post = || self.targets.values().filter(|target| target.post_id == post);
        let states: Vec<_> = of_post().map(|target| target.state).collect();
        let at = of_post().filter_map(|target| target.published_at.or(target.due_at)).min();
        (post, PostStatus::of(&states), at)
    }
}
