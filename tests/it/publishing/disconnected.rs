//! What can be found out of an account that is disconnected: where a network tells anybody, what became of a lost call.

use allin::{
    app::{accounts::finish_connect::AccountFinishConnect, ctx::Ctx},
    clients::http::guard::Origin,
    ids::{AccountId, PostId},
    model::{networks::NetworkId, states::PostStatus},
};
use secrecy::SecretString;

use crate::support::{Setup, TestApp, bluesky::Bluesky};

struct Lost {
    app: TestApp,
    ctx: Ctx,
    account: AccountId,
    post: PostId,
}

impl Lost {
    /// A post that Bluesky took, with an answer that says nothing, on an account that is disconnected since.
    async fn set() -> Self {
        let server = Bluesky::start().await;
        let allow = vec![Origin::of(&server.url).unwrap()];
        let app = TestApp::with(Setup { allow, answer_within: 1000, ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let input = AccountFinishConnect {
            network: NetworkId::Bluesky,
            server: Some(server.url.to_string()),
            identifier: "bakery.test".into(),
            password: SecretString::from("app password"),
            page: None,
        };
        let account = app.call_once::<AccountFinishConnect>(&team.person(&app), input).await.unwrap().account.id;
        let ctx = team.connection(&app);
        server.breaks_after_taking_one();
        let post = app.scheduled(&ctx, "Bread", &[account], &app.now().plus_secs(1).to_string()).await.id;
        app.clock.advance_secs(1);
        app.publish_due().await;
        let lost = Self { app, ctx, account, post };
        assert_eq!(lost.status().await, PostStatus::Unknown);
        let mut superuser = lost.app.database.superuser().await;
        let disconnect = "update accounts set status = 'disconnected', secret = null, secret_expires_at = null";
        sqlx::query(disconnect).execute(&mut superuser).await.unwrap();
        lost
    }

    async fn status(&self) -> PostStatus {
        self.app.post(&self.ctx, self.post).await.status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_tells_anybody_is_asked_without_a_token() {
    let lost = Lost::set().await;
    lost.app.clock.advance_secs(5);
    lost.app.publish_due().await;
    let view = lost.app.post(&lost.ctx, lost.post).await;
    assert_eq!((view.status, view.targets[0].account_id), (PostStatus::Published, lost.account));
    lost.app.close().await;
}
