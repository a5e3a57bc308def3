//! Conversations are their member's, go on, and show what is still for whoever reads it.

use allin::{
    app::{
        conversations::{
            get::{ConversationGet, WholeConversation},
            list::ConversationList,
        },
        ctx::Ctx,
        knowledge::{add::KnowledgeAdd, ask::KnowledgeAsk, remove::KnowledgeRemove, settle::settle},
        use_case::CallOptions,
    },
    ids::ConversationId,
    model::roles::Role,
};

use super::{HANDBOOK, ask, know, member, question, ticket};
use crate::support::TestApp;

async fn whole(app: &TestApp, ctx: &Ctx, conversation_id: ConversationId) -> WholeConversation {
    app.call_once::<ConversationGet>(ctx, ConversationGet { conversation_id }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_goes_on_from_the_one_before() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let first = ask(&app, &ctx, "How do I order a wedding cake?").await;
    app.clock.advance_secs(60);
    let on = KnowledgeAsk { conversation_id: Some(first.conversation_id), ..question("And how many weeks?") };
    let on = app.call_once::<KnowledgeAsk>(&ctx, on).await.unwrap();
    assert!(on.answer.contains("Wedding cakes take three weeks."), "{}", on.answer);
    assert_eq!(on.conversation_id, first.conversation_id);
    let found = whole(&app, &ctx, first.conversation_id).await;
    let questions: Vec<_> = found.answers.iter().map(|answer| answer.question.as_str()).collect();
    assert_eq!(questions, ["How do I order a wedding cake?", "And how many weeks?"]);
    assert_eq!(found.answers[0].answer.as_deref(), Some(first.answer.as_str()));
    assert_eq!(found.answers[0].sources, first.sources);

    // Pages of a list: the latest first, each once.
    for number in 0..4 {
        app.clock.advance_secs(60);
        ask(&app, &ctx, &format!("Question {number} about cakes?")).await;
    }
    let mut page = ConversationList { limit: Some(2), cursor: None };
    let mut seen = Vec::new();
    loop {
        let found = app.call_once::<ConversationList>(&ctx, page.clone()).await.unwrap();
        seen.extend(found.conversations.iter().map(|line| (line.first.clone(), line.questions)));
        match found.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!((seen[0].0.as_str(), seen[4].clone()), ("Question 3 about cakes?", (questions[0].to_owned(), 2)));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_of_others_are_nowhere() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, admin) = (member(&app, &team, "Anna", Role::Viewer).await, team.connection(&app));
    let asked = ask(&app, &anna, "What is nowhere written down at all, dear?").await;
    for ctx in [&admin, &member(&app, &team, "Ben", Role::Manager).await] {
        let get = ConversationGet { conversation_id: asked.conversation_id };
        assert_eq!(app.call_once::<ConversationGet>(ctx, get).await.unwrap_err().code(), "conversation_not_found");
        let on = KnowledgeAsk { conversation_id: Some(asked.conversation_id), ..question("And?") };
        assert_eq!(app.call_once::<KnowledgeAsk>(ctx, on).await.unwrap_err().code(), "conversation_not_found");
        let list = app.call_once::<ConversationList>(ctx, ConversationList::default()).await.unwrap();
        assert_eq!(list.conversations.len(), 0);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_longer_for_somebody_is_not_shown_again() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (admin, vera) = (team.connection(&app), member(&app, &team, "Vera", Role::Viewer).await);
    let secret = "# The secret ingredient\n\nThe secret ingredient of the poppy roll is roasted barley malt.\n";
    know(&app, &admin, "secret.md", secret, None).await;
    let keyed = CallOptions { idempotency_key: Some("once".into()), ..CallOptions::default() };
    let input = question("What is the secret ingredient of the poppy roll?");
    let first = app.call::<KnowledgeAsk>(&vera, input.clone(), keyed.clone()).await.unwrap().done().unwrap();
    assert!(first.answer.contains("barley"), "{}", first.answer);
    let found = whole(&app, &vera, first.conversation_id).await;
    assert!(found.answers[0].answer.as_deref().unwrap().contains("barley"));

    let narrowed = KnowledgeAdd {
        text: Some(secret.into()),
        path: Some("secret.md".into()),
        audience: Some(vec![Role::Admin]),
        ..KnowledgeAdd::default()
    };
    app.call_once::<KnowledgeAdd>(&admin, narrowed).await.unwrap();
    settle(&app, &admin, |_| ()).await.unwrap();
    let found = whole(&app, &vera, first.conversation_id).await;
    assert_eq!((found.answers[0].answer.clone(), found.answers[0].sources.len()), (None, 0));
    // Nor by repeating the call, nor in what a later question goes on from.
    let repeated = app.call::<KnowledgeAsk>(&vera, input, keyed).await.unwrap().done().unwrap();
    assert_eq!((repeated.answer_id, repeated.answer.as_str()), (first.answer_id, ""));
    let on = KnowledgeAsk { conversation_id: Some(first.conversation_id), ..question("Which ingredient is it?") };
    let on = app.call_once::<KnowledgeAsk>(&vera, on).await.unwrap();
    assert!(!serde_json::to_string(&on).unwrap().contains("barley"), "{on:?}");

    // Whoever answers tickets sees of a conversation what is for them.
    let admins = app.call_once::<KnowledgeAsk>(&admin, question("What is the secret ingredient of the poppy roll?"));
    let admins = admins.await.unwrap();
    let opened = allin::app::tickets::open::TicketOpen { answer_id: admins.answer_id, text: None };
    let opened = app.call_once::<allin::app::tickets::open::TicketOpen>(&admin, opened).await.unwrap();
    let ben = member(&app, &team, "Ben", Role::Manager).await;
    let seen = ticket(&app, &ben, opened.ticket.id).await;
    assert_eq!(seen.conversation[0].answer, None);
    assert!(!serde_json::to_string(&seen).unwrap().contains("barley"), "{seen:?}");

    // Removed documents take their words along.
    app.agreed::<KnowledgeRemove>(&admin, KnowledgeRemove { document: "secret.md".into() }).await.unwrap();
    let found = whole(&app, &admin, admins.conversation_id).await;
    assert_eq!(found.answers[0].answer, None);
    app.close().await;
}
