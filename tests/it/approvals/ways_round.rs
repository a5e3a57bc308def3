//! Ways round an approval, each tried by name: through the product, with the database open, as an agent with a shell.
//! Whatever is tried, nothing is sent that a Manager did not approve.

mod database;
mod people;

use allin::{
    app::{
        approvals::policy_set::ApprovalPolicySet,
        campaigns::{create::CampaignCreate, schedule::CampaignSchedule},
        held::{Release, release::HeldRelease},
        imports::import::PostsImport,
        posts::{create::PostCreate, edit::PostEdit, publish::PostPublish, update::PostUpdate},
        series::create::SeriesCreate,
        use_case::CallOptions,
    },
    ids::PostId,
    jobs::fill_series,
    model::{posts::Variant, roles::Role, states::TargetState},
};
use serde_json::json;

use super::{Stage, policy, role_step};
use crate::support::people::{draft, message};

const HOUR: i64 = 3600;
const SOON: &str = "2026-12-01T10:00";

async fn guarded() -> Stage {
    Stage::under(vec![role_step(Role::Manager)]).await
}

impl Stage {
    /// Ends the test: time passes, and nothing but these texts has ever gone out.
    async fn only(self, texts: &[&str]) {
        for _ in 0..4 {
            self.app.clock.advance_secs(HOUR);
            self.app.publish_due().await;
        }
        assert_eq!(self.app.sandbox.texts(), texts);
        self.app.close().await;
    }

    async fn approved(&self, text: &str) -> PostId {
        let post = self.scheduled(text, SOON).await;
        self.approve(&self.proven(self.manager).await, post).await.unwrap();
        post
    }
}

fn change(post: PostId) -> PostUpdate {
    PostUpdate {
        post_id: post,
        version: None,
        segments: None,
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_at_once_or_as_an_emergency() {
    let stage = guarded().await;
    let person = stage.team.person(&stage.app);
    let post = stage.app.draft(&person, "At once", &[stage.account]).await.id;
    for reason in [None, Some("It burns".to_owned())] {
        let now = PostPublish { post_id: post, account_ids: vec![], emergency_reason: reason };
        let refused = stage.app.call::<PostPublish>(&person, now, CallOptions::default()).await.unwrap_err();
        assert_eq!(refused.code(), "approval_needed");
    }
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_an_import_and_a_series() {
    let stage = guarded().await;
    let person = stage.team.person(&stage.app);
    let post = stage.app.draft(&person, "In a campaign", &[stage.account]).await.id;
    let campaign = CampaignCreate { name: "Launch".into(), description: None, post_ids: vec![post] };
    let campaign_id = stage.app.call_once::<CampaignCreate>(&person, campaign).await.unwrap().campaign.id;
    let launch = CampaignSchedule { campaign_id, at: SOON.into(), time_zone: None };
    stage.app.call_once::<CampaignSchedule>(&person, launch).await.unwrap();
    let rows = json!([{ "text": "Imported", "accounts": [stage.account], "scheduled_at": "2026-12-01 10:00:00" }]);
    let import = PostsImport { content: rows.to_string(), ..PostsImport::default() };
    let imported = stage.app.call_once::<PostsImport>(&person, import).await.unwrap();
    assert!(imported.message.contains('1'), "{}", imported.message);
    let pattern = stage.app.draft(&person, "In a series", &[stage.account]).await.id;
    let series = SeriesCreate {
        post_id: pattern,
        rule: "FREQ=DAILY;COUNT=3".into(),
        starts: SOON.into(),
        until: None,
        except: vec![],
        time_zone: None,
        replaces: None,
    };
    stage.app.call_once::<SeriesCreate>(&person, series).await.unwrap();
    fill_series::step(&stage.app).await.unwrap();
    assert_eq!(stage.at(HOUR, post).await, TargetState::Held);
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releasing_what_was_held() {
    let stage = guarded().await;
    let person = stage.team.person(&stage.app);
    let post = stage.scheduled("Held for want of approval", SOON).await;
    assert_eq!(stage.at(HOUR, post).await, TargetState::Held);
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
    // Whether it is refused or held again.
    _ = stage.app.agreed::<HeldRelease>(&person, release).await;
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_words_other_accounts_other_variants_after_the_approval() {
    let stage = guarded().await;
    let second = stage.app.account(&stage.team, "second").await;
    let person = stage.team.person(&stage.app);
    let words = stage.approved("First words").await;
    let rewritten = PostUpdate { segments: Some(vec![message("Other words")]), ..change(words) };
    stage.app.call_once::<PostUpdate>(&person, rewritten).await.unwrap();
    let accounts = stage.approved("To one account").await;
    let added = PostUpdate { account_ids: Some(vec![stage.account, second]), ..change(accounts) };
    stage.app.call_once::<PostUpdate>(&person, added).await.unwrap();
    let variants = stage.approved("One wording").await;
    let variant = Variant { account_id: stage.account, segments: vec![message("A variant")] };
    let varied = PostUpdate { variants: Some(vec![variant]), ..change(variants) };
    stage.app.call_once::<PostUpdate>(&person, varied).await.unwrap();
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_it_far_away_after_the_approval() {
    let stage = guarded().await;
    let post = stage.approved("Season's greetings").await;
    stage.app.scheduled_again(&stage.author(), post, "2027-06-01T10:00").await;
    stage.app.clock.advance_secs(182 * 24 * HOUR);
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_what_is_public() {
    let stage = guarded().await;
    let post = stage.approved("As approved").await;
    assert_eq!(stage.at(HOUR, post).await, TargetState::Published);
    let edit = PostEdit { post_id: post, texts: vec!["Not as approved".into()], account_ids: vec![], version: None };
    let refused = stage.app.call::<PostEdit>(&stage.team.person(&stage.app), edit, CallOptions::default()).await;
    assert_eq!(refused.unwrap_err().code(), "approval_is_for_the_text");
    stage.only(&["As approved"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_the_guarded_tag_off() {
    let stage = Stage::new().await;
    let person = stage.team.person(&stage.app);
    let rule = ApprovalPolicySet { tags: vec!["legal".into()], ..policy(vec![role_step(Role::Manager)]) };
    stage.app.call_once::<ApprovalPolicySet>(&stage.admin, rule).await.unwrap();
    let tagged = PostCreate { tags: vec!["legal".into()], ..draft(&["With a promise"], &[stage.account]) };
    let post = stage.app.call_once::<PostCreate>(&person, tagged).await.unwrap().post.id;
    stage.app.scheduled_again(&person, post, SOON).await;
    let bare = PostUpdate { tags: Some(vec![]), ..change(post) };
    assert_eq!(stage.app.call_once::<PostUpdate>(&person, bare).await.unwrap_err().code(), "tag_guarded");
    stage.only(&[]).await;
}
