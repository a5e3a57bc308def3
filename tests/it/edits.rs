//! Changing what is public: the network has the new text once the answer says so, and a lost answer is read back.

use allin::{
    app::{
        ctx::Ctx,
        pauses::start::PublishingPause,
        posts::{create::PostCreate, edit::PostEdit, schedule::PostSchedule, update::PostUpdate},
        publishing::editing::{self, Editing},
    },
    clients::networks::FailureKind,
    ids::{AccountId, PostId},
    model::states::PostStatus,
    store::{
        db::Entrance,
        dispatch,
        edits::{self, Edit},
        targets,
    },
};
use serde_json::{Value, json};

use crate::support::{
    Setup, TestApp,
    faults::{Fault, PATIENCE, Proxy},
    people::{Team, draft, message, schedule},
};

struct Stage {
    app: TestApp,
    proxy: Proxy,
    team: Team,
    ctx: Ctx,
    account: AccountId,
}

impl Stage {
    async fn set() -> Self {
        let proxy = Proxy::default();
        let before = proxy.clone();
        let between: Box<dyn FnOnce(&url::Url) -> url::Url + Send> = Box::new(move |network| before.before(network));
        let answer_within = i64::try_from(PATIENCE).unwrap();
        let app = TestApp::with(Setup { answer_within, between: Some(between), ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let ctx = team.connection(&app);
        let account = app.account(&team, "bakery").await;
        Self { app, proxy, team, ctx, account }
    }

    async fn published(&self, texts: &[&str], accounts: &[AccountId]) -> PostId {
        let post = self.app.call_once::<PostCreate>(&self.ctx, draft(texts, accounts)).await.unwrap().post.id;
        let at = self.app.now().plus_secs(1).to_string();
        self.app.call_once::<PostSchedule>(&self.ctx, schedule(post, &at)).await.unwrap();
        self.app.clock.advance_secs(1);
        self.app.publish_due().await;
        assert_eq!(self.app.post(&self.ctx, post).await.status, PostStatus::Published);
        post
    }

    /// The texts that stand on the network.
    fn texts(&self) -> Vec<String> {
        let mut posts = self.app.sandbox.posts();
        for entry in self.app.sandbox.log().iter().filter(|entry| entry["event"] == "post_edited") {
            let post = posts.iter_mut().find(|post| post["id"] == entry["post_id"]).unwrap();
            post["text"] = entry["text"].clone();
        }
        posts.iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    }

    /// The work of a process that has noted another text, and has not sent it yet.
    async fn begun(&self, post: PostId, text: &str) -> Editing {
        let (app, workspace, now) = (&self.app, self.team.workspace, self.app.now());
        let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await.unwrap();
        let target = targets::of_post(&mut tx, workspace, post).await.unwrap().remove(0);
        let edit = Edit { ordinal: 0, text: text.into(), actor: "test".into() };
        edits::insert(&mut tx, workspace, target.target_id, &edit, now).await.unwrap();
        dispatch::put(&mut tx, workspace, target.target_id, target.account_id, now).await.unwrap();
        let planned = editing::plan(app, &mut tx, workspace, &target, now).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        planned
    }

    /// What the versions of a post said.
    async fn versions(&self, post: PostId) -> Vec<Value> {
        let mut superuser = self.app.database.superuser().await;
        sqlx::query_scalar("select content from post_versions where post_id = $1 order by version")
            .bind(post.uuid())
            .fetch_all(&mut superuser)
            .await
            .unwrap()
    }
}

fn edit(post_id: PostId, texts: &[&str]) -> PostEdit {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    PostEdit { post_id, texts, account_ids: vec![], version: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_thread_gets_other_words_and_keeps_its_versions() {
    let stage = Stage::set().await;
    let other = stage.app.account(&stage.team, "cafe").await;
    let post = stage.published(&["Bred", "At seven"], &[stage.account, other]).await;
    let only = PostEdit { account_ids: vec![stage.account], ..edit(post, &["Bread", "At seven"]) };
    let edited = stage.app.agreed::<PostEdit>(&stage.ctx, only).await.unwrap();
    assert_eq!((edited.message.as_str(), edited.post.version), ("Changed on @bakery, as version 2.", 2));
    let all = stage.app.agreed::<PostEdit>(&stage.ctx, edit(post, &["Bread!", "At eight"])).await.unwrap();
    assert_eq!((all.post.version, all.post.status), (4, PostStatus::Published), "a version for each account");
    let mut texts = stage.texts();
    texts.sort();
    assert_eq!(texts, ["At eight", "At eight", "Bread!", "Bread!"]);
    let versions = stage.versions(post).await;
    assert_eq!(versions[0]["segments"][0]["text"], "Bred");
    assert_eq!(
        (versions[3]["segments"][0]["text"].as_str(), &versions[3]["variants"]),
        (Some("Bread!"), &serde_json::json!([]))
    );
    let said: Vec<_> = all.post.targets[0].segments.iter().map(|segment| segment.message.text.as_str()).collect();
    assert_eq!(said, ["Bread!", "At eight"]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_changed_is_refused_with_what_can_be_done() {
    let stage = Stage::set().await;
    let draft = stage.app.draft(&stage.ctx, "Draft", &[stage.account]).await.id;
    let post = stage.published(&["Bread"], &[stage.account]).await;
    let long = "x".repeat(501);
    for (input, code) in [
        (edit(draft, &["Rolls"]), "not_public"),
        (edit(post, &["Bread"]), "nothing_changed"),
        (edit(post, &["One", "Two"]), "messages_differ"),
        (edit(post, &[&long]), "post_unsendable"),
        (PostEdit { version: Some(7), ..edit(post, &["Rolls"]) }, "version_conflict"),
    ] {
        let reply =
            stage.app.call::<PostEdit>(&stage.ctx, input.clone(), allin::app::use_case::CallOptions::default()).await;
        let error = match reply {
            Err(error) => error,
            Ok(_) => stage.app.agreed::<PostEdit>(&stage.ctx, input).await.unwrap_err(),
        };
        assert_eq!(error.code(), code);
    }
    let update = PostUpdate {
        post_id: post,
        version: None,
        segments: Some(vec![message("Rolls")]),
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    };
    let error = stage.app.call_once::<PostUpdate>(&stage.ctx, update).await.unwrap_err();
    assert!(error.public().next_step.contains("post_edit"), "{error:?}");
    let pause = PublishingPause { reason: "A crisis".into(), account_id: None, campaign_id: None, tag: None };
    stage.app.call_once::<PublishingPause>(&stage.ctx, pause).await.unwrap();
    let error = stage.app.call_once::<PostEdit>(&stage.ctx, edit(post, &["Rolls"])).await.unwrap_err();
    assert_eq!(error.code(), "publishing_paused");
    assert_eq!(stage.texts(), ["Bread"]);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_whose_answer_is_lost_is_read_back_or_done_later() {
    let stage = Stage::set().await;
    let post = stage.published(&["Bred"], &[stage.account]).await;
    stage.proxy.edits([Fault::ResetAfter]);
    let edited = stage.app.agreed::<PostEdit>(&stage.ctx, edit(post, &["Bread"])).await.unwrap();
    assert_eq!(
        (edited.message.as_str(), stage.texts()),
        ("Changed on @bakery, as version 2.", vec!["Bread".to_owned()])
    );

    // Did not arrive: it is noted, and the publisher does it.
    stage.proxy.edits([Fault::ResetBefore]);
    let edited = stage.app.agreed::<PostEdit>(&stage.ctx, edit(post, &["Rolls"])).await.unwrap();
    let problem = edited.post.targets[0].problem.clone().unwrap();
    assert_eq!((edited.post.version, problem.code.as_str()), (2, "edit_pending"));
    let error = stage.app.agreed::<PostEdit>(&stage.ctx, edit(post, &["Cake"])).await.unwrap_err();
    assert_eq!(error.code(), "edit_under_way");
    stage.app.clock.advance_secs(60);
    assert_eq!(stage.app.publish_due().await, 1);
    let view = stage.app.post(&stage.ctx, post).await;
    assert_eq!((view.version, view.status, stage.texts()), (3, PostStatus::Published, vec!["Rolls".to_owned()]));
    assert!(view.targets[0].problem.is_none(), "{view:?}");
    assert_eq!(stage.app.publish_due().await, 0);
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_over_an_edit_puts_no_old_text_back() {
    let stage = Stage::set().await;
    let post = stage.published(&["Bred"], &[stage.account]).await;
    // One process falls asleep before it has sent the text, another one after it has.
    for asleep_before in [true, false] {
        let (old, new) = (format!("Bread {asleep_before}"), format!("Rolls {asleep_before}"));
        let begun = stage.begun(post, &old).await;
        let mut begun = Some(begun);
        let mut edited = match asleep_before {
            true => None,
            false => Some(editing::carry_out(&stage.app, begun.take().unwrap()).await),
        };
        // Somebody else does it, and the post gets a newer text.
        assert_eq!(stage.app.publish_due().await, 1);
        assert_eq!(stage.texts(), [old]);
        stage.app.agreed::<PostEdit>(&stage.ctx, edit(post, &[&new])).await.unwrap();
        stage.app.clock.advance_secs(60);
        if let Some(begun) = begun {
            edited = Some(editing::carry_out(&stage.app, begun).await);
        }
        let edited = edited.unwrap();
        let kind = edited.result.as_ref().err().map(|failure| failure.kind);
        assert_eq!(kind, asleep_before.then_some(FailureKind::Transient));
        let (workspace, now) = (stage.team.workspace, stage.app.now());
        let (mut tx, _) = stage.app.db.tenant(workspace, Entrance::System, now).await.unwrap();
        editing::settle(&mut tx, workspace, &edited, now).await.unwrap();
        tx.commit().await.unwrap();
        let view = stage.app.post(&stage.ctx, post).await;
        assert_eq!(
            (stage.texts(), view.targets[0].segments[0].message.text.as_str()),
            (vec![new.clone()], new.as_str())
        );
        assert!(view.targets[0].problem.is_none(), "{view:?}");
        assert_eq!(stage.app.publish_due().await, 0);
    }
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_renews_an_expired_token() {
    let stage = Stage::set().await;
    let post = stage.published(&["Bred", "At seven"], &[stage.account]).await;
    stage.app.sandbox.order(json!({ "fault": "token_expired", "calls": "change" })).await;
    let edited = stage.app.agreed::<PostEdit>(&stage.ctx, edit(post, &["Bread", "At eight"])).await.unwrap();
    assert_eq!((edited.message.as_str(), edited.warnings), ("Changed on @bakery, as version 2.", Vec::new()));
    assert_eq!(stage.texts(), ["Bread", "At eight"]);
    stage.app.close().await;
}
