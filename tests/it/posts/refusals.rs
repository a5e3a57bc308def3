//! Networks that refuse a text which is there already: nothing is scheduled that would be refused, and what comes out all
//! the same waits for a person.

use allin::{
    app::{
        campaigns::{create::CampaignCreate, schedule::CampaignSchedule},
        ctx::Ctx,
        posts::{create::PostCreate, get::PostGet, publish::PostPublish, schedule::PostSchedule, update::PostUpdate},
        series::create::SeriesCreate,
    },
    error::Error,
    ids::{AccountId, PostId},
    model::states::PostStatus,
};

use crate::support::{
    Setup, TestApp,
    people::{Team, draft, message, schedule},
};

const BREAD: &str = "Fresh bread every morning at seven. Come in and taste our new rye, still warm from the oven!";
const NEAR: &str = "Fresh bread every morning at eight. Come in and taste our new rye, still warm from the oven!";
const FAR: &str = "Our cakes are back: apple, plum and cherry, all week long, as long as the fruit lasts.";

struct Stage {
    app: TestApp,
    team: Team,
    ctx: Ctx,
    account: AccountId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::with(Setup { refuse_repeats: true, ..Setup::default() }).await;
        let team = app.team("Bakery").await;
        let ctx = team.person(&app);
        let account = app.account(&team, "bakery").await;
        Self { app, team, ctx, account }
    }

    /// The same words within ten minutes would be one draft.
    async fn draft(&self, texts: &[&str]) -> PostId {
        self.app.clock.advance_secs(601);
        self.app.call_once::<PostCreate>(&self.ctx, draft(texts, &[self.account])).await.unwrap().post.id
    }

    async fn schedule(&self, post: PostId, at: &str) -> Result<Vec<String>, Error> {
        self.app.call_once::<PostSchedule>(&self.ctx, schedule(post, at)).await.map(|done| done.warnings)
    }

    async fn status(&self, post: PostId) -> PostStatus {
        self.app.call_once::<PostGet>(&self.ctx, PostGet { post_id: post }).await.unwrap().post.status
    }
}

/// Code, and what is said of which message.
fn told(error: &Error) -> (&'static str, Vec<(String, String)>) {
    let details = error.public().details.into_iter().map(|issue| (issue.field, issue.message));
    (error.code(), details.collect())
}

fn same_as(number: usize, other: PostId, state: &str) -> (String, String) {
    (
        format!("segments[{}].text", number - 1),
        format!(
            "Sandbox: Message {number} is word for word that of {other} ({state} (Europe/Berlin)) on @bakery, which Sandbox \
             refuses. Say it differently."
        ),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_words_are_no_more_than_a_draft() {
    let stage = Stage::set().await;
    let first = stage.draft(&[BREAD]).await;
    stage.schedule(first, "2026-12-02T09:00").await.unwrap();
    // Written, it is warned about; scheduled, published and changed to it, it is refused.
    let again = stage.draft(&[&format!(" {BREAD}\n")]).await;
    let refused = ("post_unsendable", vec![same_as(1, first, "scheduled Wed 2 Dec 2026, 09:00")]);
    assert_eq!(told(&stage.schedule(again, "2026-12-05T09:00").await.unwrap_err()), refused);
    let now = PostPublish { post_id: again, account_ids: vec![], emergency_reason: None };
    assert_eq!(told(&stage.app.agreed::<PostPublish>(&stage.ctx, now).await.unwrap_err()), refused);
    assert_eq!(stage.status(again).await, PostStatus::Draft);
    let other = stage.draft(&[FAR]).await;
    stage.schedule(other, "2026-12-03T09:00").await.unwrap();
    let change = |text: &str| PostUpdate {
        post_id: other,
        version: None,
        segments: Some(vec![message(text)]),
        account_ids: None,
        variants: None,
        title: None,
        campaign_id: None,
        tags: None,
    };
    assert_eq!(told(&stage.app.call_once::<PostUpdate>(&stage.ctx, change(BREAD)).await.unwrap_err()), refused);
    let near = stage.app.call_once::<PostUpdate>(&stage.ctx, change(NEAR)).await.unwrap();
    assert!(near.warnings.iter().any(|warning| warning.contains("says nearly the same")), "{:?}", near.warnings);
    // A draft in those words is one, with a warning.
    let thread =
        stage.app.call_once::<PostCreate>(&stage.ctx, draft(&["A thread", BREAD, BREAD], &[stage.account])).await;
    let thread = thread.unwrap();
    let within = "Sandbox: Message 3 is word for word message 2, which Sandbox refuses. Say it differently.";
    let warned =
        [same_as(2, first, "scheduled Wed 2 Dec 2026, 09:00"), ("segments[2].text".to_owned(), within.to_owned())];
    assert_eq!(thread.warnings, warned.clone().map(|(field, message)| format!("{field}: {message}")));
    let refused = stage.schedule(thread.post.id, "2026-12-05T09:00").await.unwrap_err();
    assert_eq!(told(&refused), ("post_unsendable", warned.to_vec()));
    // Other accounts have said nothing yet.
    let cafe = stage.app.account(&stage.team, "cafe").await;
    stage.app.scheduled(&stage.ctx, BREAD, &[cafe], "2026-12-05T09:00").await;
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_network_refuses_after_all_waits_for_a_person() {
    let stage = Stage::set().await;
    let first = stage.draft(&[BREAD]).await;
    stage.schedule(first, "2026-12-02T09:00").await.unwrap();
    stage.app.clock.set("2026-12-02T08:00:00Z".parse().unwrap());
    stage.app.publish_due().await;
    // The network remembers for longer than we look back.
    stage.app.clock.set("2027-01-20T08:00:00Z".parse().unwrap());
    let again = stage.draft(&[BREAD]).await;
    stage.schedule(again, "2027-01-20T12:00").await.unwrap();
    stage.app.clock.set("2027-01-20T11:00:00Z".parse().unwrap());
    assert_eq!(stage.app.publish_due().await, 1);
    let view = stage.app.post(&stage.ctx, again).await;
    let problem = view.targets[0].problem.clone().unwrap();
    assert_eq!(
        (view.status, problem.code.as_str(), problem.message.as_str(), problem.next_step.as_str()),
        (
            PostStatus::Held,
            "duplicate",
            "sandbox said: The same text is there already.",
            "Look on the network whether it is there already. If not, change the text and schedule it again."
        )
    );
    assert_eq!((stage.app.publish_due().await, stage.app.sandbox.texts()), (0, vec![BREAD.to_owned()]));
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_launch_with_the_same_words_twice_is_refused() {
    let stage = Stage::set().await;
    let mut posts = [stage.draft(&[BREAD]).await, stage.draft(&[BREAD]).await];
    posts.sort_unstable();
    let input = CampaignCreate { name: "Spring".into(), description: None, post_ids: posts.to_vec() };
    let campaign_id = stage.app.call_once::<CampaignCreate>(&stage.ctx, input).await.unwrap().campaign.id;
    let input = CampaignSchedule { campaign_id, at: "2026-12-03T08:00".into(), time_zone: None };
    let refused = stage.app.call_once::<CampaignSchedule>(&stage.ctx, input).await.unwrap_err();
    let (field, message) = same_as(1, posts[0], "scheduled Thu 3 Dec 2026, 08:00");
    assert_eq!(told(&refused), ("campaign_unsendable", vec![(format!("{}.{field}", posts[1]), message)]));
    for post in posts {
        assert_eq!(stage.status(post).await, PostStatus::Draft);
    }
    stage.app.close().await;
}

/// The first occurrence is made; the others would be refused, and are left out as long as it says the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_series_leaves_out_what_would_be_refused() {
    let stage = Stage::set().await;
    let post_id = stage.draft(&[BREAD]).await;
    let input = SeriesCreate {
        post_id,
        rule: "FREQ=WEEKLY;COUNT=2".into(),
        starts: "2026-12-02T09:00".into(),
        until: None,
        except: Vec::new(),
        time_zone: None,
        replaces: None,
    };
    let made = stage.app.call_once::<SeriesCreate>(&stage.ctx, input).await.unwrap();
    let [first] = made.series.waiting.as_slice() else { panic!("{made:?}") };
    let reason = same_as(1, first.post_id, "scheduled Wed 2 Dec 2026, 09:00").1;
    assert_eq!(made.series.left_out, [format!("2026-12-09T09:00:00: {reason}")]);
    let doubt = "@bakery: Sandbox does not take the same text twice; an occurrence is left out while another post there \
                 says the same.";
    assert!(made.warnings.iter().any(|warning| warning == doubt), "{:?}", made.warnings);
    stage.app.close().await;
}
