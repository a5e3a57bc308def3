//! Ratings: one a member and answer, which move what is found together only.

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{
            ask::Answered,
            find::{Wanted, find},
            rate::{KnowledgeRate, KnowledgeRated},
        },
    },
    model::{feedback::weight, roles::Role},
    store::{
        db::Entrance,
        knowledge::{
            ratings::{self, Rating},
            state,
        },
    },
};

use super::{HANDBOOK, OUT_OF_SCOPE, ask, know, member};
use crate::support::{TestApp, people::Team};

async fn rate(app: &TestApp, ctx: &Ctx, answered: &Answered, helpful: bool) -> KnowledgeRated {
    let input = KnowledgeRate { answer_id: answered.answer_id, helpful, comment: None };
    app.call_once::<KnowledgeRate>(ctx, input).await.unwrap()
}

/// The weight of the cited chunk, and the revision of what is found.
async fn stands(app: &TestApp, team: &Team, answered: &Answered) -> (u32, u32, i64) {
    let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap();
    let chunk = answered.sources[0].chunk_id;
    let found = ratings::of(&mut tx, team.workspace, &[chunk]).await.unwrap();
    let (helpful, unhelpful) = found.first().map_or((0, 0), |(_, helpful, unhelpful)| (*helpful, *unhelpful));
    let revision = state::get(&mut tx, team.workspace).await.unwrap().revision;
    tx.finish_read();
    (helpful, unhelpful, revision)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_voice_a_member_and_no_effect_of_one_alone() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let anna = team.connection(&app);
    know(&app, &anna, "cakes.md", HANDBOOK, None).await;
    let text = "How do I return a damaged cake?";
    let first = ask(&app, &anna, text).await;
    let (_, _, before) = stands(&app, &team, &first).await;
    assert!(!rate(&app, &anna, &first, true).await.changed);
    assert_eq!(stands(&app, &team, &first).await, (1, 0, before + 1));
    // The same again, and other answers from the same chunk: still one voice.
    rate(&app, &anna, &first, true).await;
    for _ in 0..5 {
        app.clock.advance_secs(1);
        let again = ask(&app, &anna, text).await;
        assert_eq!(again.sources[0].chunk_id, first.sources[0].chunk_id);
        rate(&app, &anna, &again, true).await;
    }
    assert_eq!(stands(&app, &team, &first).await, (1, 0, before + 1));
    assert!((weight(1, 0) - 1.0).abs() < f32::EPSILON);
    // It can be taken back.
    assert!(rate(&app, &anna, &first, false).await.changed);
    assert_eq!(stands(&app, &team, &first).await, (0, 1, before + 2));
    // Two agree.
    let ben = member(&app, &team, "Ben", Role::Viewer).await;
    let his = ask(&app, &ben, text).await;
    rate(&app, &ben, &his, false).await;
    let (helpful, unhelpful, _) = stands(&app, &team, &first).await;
    assert_eq!((helpful, unhelpful), (0, 2));
    assert!((0.95..1.0).contains(&weight(helpful, unhelpful)));
    app.close().await;
}

/// Paths of what a question finds, best first.
async fn order(app: &TestApp, ctx: &Ctx, query: &str) -> Vec<String> {
    let wanted = Wanted { query: query.into(), k: 2, ..Wanted::default() };
    find(app, ctx, &wanted).await.unwrap().hits.iter().map(|hit| hit.path.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_members_move_what_is_as_good_and_not_what_is_better() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let anna = team.connection(&app);
    // The same words, so that nothing but ratings and the order of ids decides; the third says less of what is asked.
    let text = "# The oven\n\nThe old oven is swept on Mondays with a birch broom.";
    know(&app, &anna, "one.md", text, None).await;
    know(&app, &anna, "two.md", text, None).await;
    know(&app, &anna, "far.md", "# The oven\n\nThe oven is warm.", None).await;
    let query = "When is the old oven swept with a birch broom?";
    let wanted = Wanted { query: query.into(), k: 3, ..Wanted::default() };
    let before = find(&app, &anna, &wanted).await.unwrap().hits.clone();
    let paths = [before[0].path.clone(), before[1].path.clone()];
    // An answer from one of them alone cannot be had by asking, because both say the same.
    let against = async |ctx: &Ctx, answered: &Answered| {
        let (mut tx, _) = app.db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap();
        let member = ctx.member().unwrap();
        let rating = Rating { answer: answered.answer_id, member, helpful: false, comment: None };
        let new = ratings::put_chunks(&mut tx, team.workspace, &[before[0].chunk], &rating, app.now()).await.unwrap();
        assert_eq!(new, 1);
        state::changed(&mut tx, team.workspace).await.unwrap();
        tx.commit().await.unwrap();
    };
    let answered = ask(&app, &anna, query).await;
    against(&anna, &answered).await;
    assert_eq!(order(&app, &anna, query).await, paths, "one voice moves nothing");
    let ben = member(&app, &team, "Ben", Role::Viewer).await;
    against(&ben, &answered).await;
    let turned = [paths[1].clone(), paths[0].clone()];
    assert_eq!(order(&app, &anna, query).await, turned, "two voices turn what is as good, and lift nothing worse");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_ones_own_answers_are_rated() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, ben) = (team.connection(&app), member(&app, &team, "Ben", Role::Manager).await);
    let asked = ask(&app, &anna, OUT_OF_SCOPE).await;
    let input = KnowledgeRate { answer_id: asked.answer_id, helpful: false, comment: Some("No".into()) };
    let error = app.call_once::<KnowledgeRate>(&ben, input.clone()).await.unwrap_err();
    assert_eq!(error.code(), "answer_not_found");
    let rated = app.call_once::<KnowledgeRate>(&anna, input.clone()).await.unwrap();
    assert_eq!(rated.message, "Thank you. A ticket for it is open already.");
    let long = KnowledgeRate { comment: Some("x".repeat(2001)), ..input };
    assert_eq!(app.call_once::<KnowledgeRate>(&anna, long).await.unwrap_err().code(), "comment_too_long");
    app.close().await;
}
