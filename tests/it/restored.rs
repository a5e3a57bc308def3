//! After a restore: whatever the backup did not know to be public is looked up before anything of it is sent.

use allin::{
    app::{
        held::release::HeldRelease,
        pauses::resume::PublishingResume,
        posts::{create::PostCreate, publish::PostPublish, schedule::PostSchedule, view::PostView},
        workspaces::restored,
    },
    ids::{AccountId, PostId},
    model::{sandbox::Mode, states::PostStatus},
    store::installation,
};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{
    Setup, TestApp,
    people::{Team, draft, schedule},
};

struct Stage {
    app: TestApp,
    team: Team,
    account: AccountId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::with(Setup { mode: Mode::Lookup, ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        Self { app, team, account }
    }

    /// Really published.
    async fn published(&self, texts: &[&str]) -> PostId {
        let ctx = self.team.connection(&self.app);
        let post = self.app.call_once::<PostCreate>(&ctx, draft(texts, &[self.account])).await.unwrap().post.id;
        let at = self.app.now().plus_secs(60).to_string();
        self.app.call_once::<PostSchedule>(&ctx, schedule(post, &at)).await.unwrap();
        self.app.clock.advance_secs(60);
        self.app.publish_due().await;
        assert_eq!(self.view(post).await.status, PostStatus::Published);
        post
    }

    async fn view(&self, post: PostId) -> PostView {
        self.app.post(&self.team.connection(&self.app), post).await
    }

    /// The database is as it was when `kept` messages were public and the target was in this state: all that came later is
    /// not in it.
    async fn as_of(&self, post: PostId, state: &str, kept: i32) {
        let mut superuser = self.app.database.superuser().await;
        for sql in [
            "delete from attempts a using targets t where t.target_id = a.target_id and t.post_id = $1 and a.ordinal >= $3
             and $2 <> ''",
            "update segments s set remote = null, published_at = null, stamped_at = null, prepared = null from targets t
             where t.target_id = s.target_id and t.post_id = $1 and s.ordinal >= $3 and $2 <> ''",
            "update targets set state = $2, published_at = null, tries = 0, next_step_at = null,
                 error_code = case when $2 in ('held', 'failed') then 'missed' end,
                 error_message = case when $2 in ('held', 'failed') then 'It was late.' end,
                 error_next_step = case when $2 in ('held', 'failed') then 'Give it a new time.' end
             where post_id = $1 and $3 >= 0",
            "update posts set status = case $2 when 'unknown' then 'publishing' else $2 end where post_id = $1 and $3 >= 0",
        ] {
            sqlx::query(sql).bind(post.uuid()).bind(state).bind(kept).execute(&mut superuser).await.unwrap();
        }
        superuser.close().await.unwrap();
    }

    async fn restore(&self) {
        let mut tx = self.app.db.begin().await.unwrap();
        installation::put(&mut tx, "cluster", &Value::Null).await.unwrap();
        tx.commit().await.unwrap();
        restored::check(&self.app).await.unwrap();
    }

    async fn resume(&self) {
        let ctx = self.team.connection(&self.app);
        self.app.agreed::<PublishingResume>(&ctx, PublishingResume::default()).await.unwrap();
    }

    async fn settle(&self, post: PostId) -> PostView {
        for _ in 0..20 {
            self.app.publish_due().await;
            let view = self.view(post).await;
            if !matches!(view.status, PostStatus::Scheduled | PostStatus::Publishing | PostStatus::Unknown) {
                return view;
            }
            self.app.clock.advance_secs(60);
        }
        panic!("still open: {:#?}", self.view(post).await)
    }
}

fn release(post: PostId) -> HeldRelease {
    serde_json::from_value(json!({ "release": "publish_now", "post_ids": [post] })).unwrap()
}

/// Lets it go, as a person would, from the state that it has after the restore.
async fn let_go(stage: &Stage, post: PostId) -> PostView {
    let ctx = stage.team.connection(&stage.app);
    stage.resume().await;
    if stage.view(post).await.status == PostStatus::Held {
        stage.app.agreed::<HeldRelease>(&ctx, release(post)).await.unwrap();
    } else {
        let now = PostPublish { post_id: post, account_ids: vec![], emergency_reason: None };
        stage.app.agreed::<PostPublish>(&ctx, now).await.unwrap();
    }
    stage.settle(post).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_it_was_at_the_backup_it_is_not_sent_a_second_time() {
    for state in ["held", "failed", "draft", "cancelled", "scheduled"] {
        let stage = Stage::set().await;
        let post = stage.published(&[state]).await;
        let url = stage.view(post).await.targets[0].segments[0].url.clone();
        stage.as_of(post, state, 0).await;
        // Restored twice: a restart in between leaves no second doubt.
        stage.restore().await;
        stage.restore().await;
        let view = let_go(&stage, post).await;
        assert_eq!((view.status, stage.app.sandbox.texts().len()), (PostStatus::Published, 1), "{state}");
        assert_eq!(view.targets[0].segments[0].url, url, "{state}");
        stage.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_sent_goes_out_once() {
    for state in ["held", "failed", "draft", "cancelled", "scheduled"] {
        let stage = Stage::set().await;
        let post = stage.published(&[state]).await;
        stage.as_of(post, state, 0).await;
        // On the network there is nothing of it: it was deleted there.
        let id = stage.app.sandbox.posts()[0]["id"].as_str().unwrap().to_owned();
        stage.app.sandbox.forget(&id).await;
        stage.restore().await;
        let view = let_go(&stage, post).await;
        assert_eq!((view.status, stage.app.sandbox.texts().len()), (PostStatus::Published, 1), "{state}");
        stage.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_looked_for_message_by_message() {
    // Half of it was public at the backup; since then none, one or both of the others were sent.
    for (state, sent) in [("scheduled", 3), ("held", 3), ("held", 2), ("failed", 2)] {
        let stage = Stage::set().await;
        let texts = ["One", "Two", "Three"];
        let post = stage.published(&texts).await;
        stage.as_of(post, state, 1).await;
        for id in stage.app.sandbox.posts()[sent..].iter().map(|post| post["id"].as_str().unwrap().to_owned()).rev() {
            stage.app.sandbox.forget(&id).await;
        }
        stage.restore().await;
        let view = let_go(&stage, post).await;
        assert_eq!(view.status, PostStatus::Published, "{state} {sent}");
        let posts = stage.app.sandbox.posts();
        assert_eq!(stage.app.sandbox.texts(), texts, "{state} {sent}");
        assert_eq!((&posts[1]["reply_to"], &posts[2]["reply_to"]), (&posts[0]["id"], &posts[1]["id"]));
        stage.app.close().await;
    }
}
