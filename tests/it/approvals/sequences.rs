//! Random sequences of edits, decisions, moves, pauses and sends, by people, agents and rules at once: nothing is ever
//! sent whose bytes a required person did not approve.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use allin::{
    app::{
        accounts::change::AccountChange,
        approvals::{
            decide::ApprovalDecide, freeze::ApprovalFreeze, get::ApprovalGet, list::ApprovalList,
            policies::ApprovalPolicies, policy_set::ApprovalPolicySet, request::ApprovalRequest,
            unfreeze::ApprovalUnfreeze, withdraw::ApprovalWithdraw,
        },
        ctx::Ctx,
        held::{Release, release::HeldRelease},
        pauses::{resume::PublishingResume, start::PublishingPause},
        posts::{cancel::PostCancel, schedule::PostSchedule, update::PostUpdate},
    },
    ids::PostId,
    model::{
        approvals::{RequestState, Verdict},
        roles::Role,
    },
};

use super::{Stage, named_step, policy, role_step};
use crate::support::people::{message, schedule};

/// Sequences, each on a database of its own.
const SEQUENCES: u64 = 6;
const STEPS: u64 = 120;
const POSTS: usize = 4;

/// The same numbers in every run: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

struct Play {
    stage: Stage,
    manager: Ctx,
    posts: Vec<PostId>,
    /// Texts never come twice, so that a text says which bytes were approved.
    texts: AtomicUsize,
    /// What a required person approved, by its text.
    approved: Mutex<BTreeSet<String>>,
    tally: Mutex<BTreeMap<&'static str, u32>>,
}

impl Play {
    async fn new(seed: u64) -> Self {
        let stage = Stage::new().await;
        let steps = if seed.is_multiple_of(2) {
            vec![role_step(Role::Manager)]
        } else {
            vec![named_step(&[stage.manager, stage.team.admin], allin::model::approvals::Need::All)]
        };
        stage.app.call_once::<ApprovalPolicySet>(&stage.admin, policy(steps)).await.unwrap();
        let manager = stage.proven(stage.manager).await;
        // Late is no reason to hold here.
        let patient =
            AccountChange { account_id: stage.account, tolerance_minutes: Some(7 * 24 * 60), time_zone: None };
        stage.app.call_once::<AccountChange>(&stage.admin, patient).await.unwrap();
        let mut posts = Vec::new();
        for number in 0..POSTS {
            posts.push(stage.app.draft(&stage.author(), &format!("draft {number}"), &[stage.account]).await.id);
        }
        let (texts, approved, tally) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Self { stage, manager, posts, texts, approved, tally }
    }

    fn did(&self, what: &'static str, worked: bool) {
        if worked {
            *self.tally.lock().unwrap().entry(what).or_default() += 1;
        }
    }

    async fn edit(&self, by: &Ctx, post: PostId) {
        let text = format!("words {}", self.texts.fetch_add(1, Ordering::SeqCst));
        let update = PostUpdate {
            post_id: post,
            version: None,
            segments: Some(vec![message(&text)]),
            account_ids: None,
            variants: None,
            title: None,
            campaign_id: None,
            tags: None,
        };
        self.did("edited", self.stage.app.call_once::<PostUpdate>(by, update).await.is_ok());
    }

    /// Looks at an open request and decides, perhaps late.
    async fn decide(&self, by: &Ctx, verdict: Verdict) {
        let app = &self.stage.app;
        let open = ApprovalList { state: Some(RequestState::Open), ..ApprovalList::default() };
        let Ok(open) = app.call_once::<ApprovalList>(by, open).await else { return };
        for request in open.approvals {
            let Ok(shown) = app.call_once::<ApprovalGet>(by, ApprovalGet { approval_id: request.id }).await else {
                continue;
            };
            // What the person has before the eyes, and what it is named by.
            let text = shown.previews[0].segments[0].text.clone();
            tokio::task::yield_now().await;
            let decision = ApprovalDecide {
                approval_id: request.id,
                verdict,
                comment: Some("Looked at".into()),
                digest: shown.approval.digest,
                link_id: None,
            };
            let taken = app.call_once::<ApprovalDecide>(by, decision).await.is_ok();
            self.did(if taken { "decided" } else { "decision refused" }, true);
            if taken && verdict == Verdict::Approve {
                self.approved.lock().unwrap().insert(text);
            }
        }
    }

    async fn step(&self, numbers: &mut Numbers) {
        let app = &self.stage.app;
        let post = numbers.of(&self.posts);
        let (author, person) = (self.stage.author(), self.stage.team.person(app));
        let by = if numbers.below(2) == 0 { &author } else { &person };
        match numbers.below(14) {
            0 | 1 => self.edit(by, post).await,
            2 | 3 => self.decide(&self.manager, Verdict::Approve).await,
            4 => self.decide(&self.stage.admin, Verdict::Approve).await,
            5 => {
                let verdict = numbers.of(&[Verdict::Reject, Verdict::RequestChanges]);
                self.decide(&self.manager, verdict).await;
            }
            6 | 7 => {
                let hours = i64::try_from(numbers.of(&[1_u64, 2, 5, 30, 200])).unwrap();
                let at = app.now().plus_secs(hours * 3600).to_string();
                let moved = app.call_once::<PostSchedule>(by, schedule(post, &at)).await;
                self.did("scheduled", moved.is_ok());
            }
            8 if numbers.below(3) == 0 => {
                let reason = "A pause".to_owned();
                let pause = PublishingPause { reason, account_id: None, campaign_id: None, tag: None };
                self.did("paused", app.call_once::<PublishingPause>(&person, pause).await.is_ok());
            }
            8 | 9 => {
                self.did("resumed", app.agreed_if_asked::<PublishingResume>(&person, PublishingResume::default()).await)
            }
            10 => {
                let release = HeldRelease {
                    release: Release::PublishNow,
                    post_ids: vec![post],
                    account_id: None,
                    campaign_id: None,
                    tag: None,
                    reason: None,
                    from: None,
                    every_minutes: None,
                };
                self.did("released", app.agreed_if_asked::<HeldRelease>(&person, release).await);
            }
            11 => {
                let cancel = PostCancel { post_id: post, account_ids: vec![] };
                let ask = ApprovalRequest { post_id: post, note: None };
                match numbers.below(3) {
                    0 => self.did("cancelled", app.call_once::<PostCancel>(by, cancel).await.is_ok()),
                    _ => self.did("asked", app.call_once::<ApprovalRequest>(by, ask).await.is_ok()),
                }
            }
            12 => self.rules(numbers).await,
            _ => {
                app.clock.advance_secs(i64::try_from(numbers.of(&[600_u64, 3600, 7200])).unwrap());
                self.did("sent", app.publish_due().await > 0);
            }
        }
    }

    /// Policies come and go, and everything needs approval for a while.
    async fn rules(&self, numbers: &mut Numbers) {
        let (app, admin) = (&self.stage.app, &self.stage.admin);
        let done = match numbers.below(4) {
            0 => {
                let former = app.call_once::<ApprovalPolicies>(admin, ApprovalPolicies {}).await.unwrap();
                let replaces = former.policies.first().map(|policy| policy.id);
                let next = ApprovalPolicySet { replaces, ..policy(vec![role_step(Role::Manager)]) };
                app.call_once::<ApprovalPolicySet>(admin, next).await.is_ok()
            }
            1 => {
                let freeze = ApprovalFreeze { reason: "A while".into(), hours: Some(3) };
                app.call_once::<ApprovalFreeze>(&self.stage.team.person(app), freeze).await.is_ok()
            }
            2 => app.call_once::<ApprovalUnfreeze>(admin, ApprovalUnfreeze {}).await.is_ok(),
            _ => {
                let open = ApprovalList { state: Some(RequestState::Open), ..ApprovalList::default() };
                let open = app.call_once::<ApprovalList>(admin, open).await.unwrap().approvals;
                match open.first() {
                    Some(request) => {
                        let back = ApprovalWithdraw { approval_id: request.id };
                        app.call_once::<ApprovalWithdraw>(&self.stage.team.person(app), back).await.is_ok()
                    }
                    None => false,
                }
            }
        };
        self.did("changed the rules", done);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_that_nobody_approved() {
    let mut tally: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut sent = 0;
    for seed in 0..SEQUENCES {
        let play = Play::new(seed).await;
        // Three hands at once.
        let hand = async |own: u64| {
            let mut numbers = Numbers(seed * 1000 + own);
            for _ in 0..STEPS / 3 {
                play.step(&mut numbers).await;
            }
        };
        tokio::join!(hand(1), hand(2), hand(3));
        // Peace again: what is approved and not over goes out.
        let person = play.stage.team.person(&play.stage.app);
        play.stage.app.agreed_if_asked::<PublishingResume>(&person, PublishingResume::default()).await;
        for post in &play.posts {
            play.edit(&play.stage.author(), *post).await;
            let soon = play.stage.app.now().plus_secs(3600).to_string();
            _ = play.stage.app.call_once::<PostSchedule>(&person, schedule(*post, &soon)).await;
        }
        play.decide(&play.manager, Verdict::Approve).await;
        play.decide(&play.stage.admin, Verdict::Approve).await;
        for _ in 0..3 {
            play.stage.app.clock.advance_secs(6 * 3600);
            play.stage.app.publish_due().await;
        }
        let approved = play.approved.lock().unwrap().clone();
        let texts = play.stage.app.sandbox.texts();
        for text in &texts {
            assert!(approved.contains(text), "seed {seed}: `{text}` was sent and nobody approved it");
        }
        sent += texts.len();
        for (what, count) in play.tally.lock().unwrap().iter() {
            *tally.entry(what).or_default() += count;
        }
        play.stage.app.close().await;
    }
    // That nothing was sent at all would prove nothing.
    assert!(sent >= 10, "{sent} sent: {tally:?}");
    for what in ["edited", "decided", "decision refused", "scheduled", "paused", "resumed", "changed the rules"] {
        assert!(tally.get(what).is_some_and(|count| *count > 3), "{what}: {tally:?}");
    }
}
