//! Answers that a language model writes: checked sentence by sentence, and quoted instead when it fails.

use std::sync::{Arc, Mutex};

use allin::{
    app::knowledge::ask::KnowledgeAsk,
    model::{answers::AnswerKind, roles::Role},
};
use serde_json::json;

use super::{HANDBOOK, OUT_OF_SCOPE, ask, know, member, question};
use crate::support::{
    Setup, TestApp,
    model::{Model, Reply, sentences, source_lines, user_text},
};

const RETURN: &str = "How do I return a damaged cake?";

async fn with(model: impl Fn(&serde_json::Value) -> Reply + Send + Sync + 'static) -> (TestApp, Model) {
    let (model, at) = Model::start(model).await;
    (TestApp::with(Setup { llm: Some(at), ..Setup::default() }).await, model)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_support_is_left_out() {
    let (app, model) = with(|_| {
        Reply::Say(sentences(&[
            ("A damaged cake is replaced within two days [1].", &[1]),
            ("Send a photo to cakes@example.com.", &[1]),
            ("Send a photo to thief@example.com.", &[1]),
            ("It is replaced within 9 days.", &[1]),
            ("Refunds are paid by bank transfer on Mondays.", &[1]),
            ("A damaged cake is replaced within two days.", &[77]),
        ]))
    })
    .await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let answered = ask(&app, &ctx, RETURN).await;
    assert_eq!(answered.kind, AnswerKind::Written, "{answered:?}");
    assert_eq!(
        answered.answer,
        "A damaged cake is replaced within two days. [1] Send a photo to cakes@example.com. [1]"
    );
    assert_eq!(answered.sources.len(), 1);
    assert_eq!((answered.sources[0].path.as_str(), answered.escalate_to_human), ("cakes.md", false));
    assert!(answered.note.unwrap().contains("4 sentence(s)"));
    // What it was asked: the sources as data, no tools, the key as a bearer.
    let asked = model.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(model.keys(), [Some("Bearer sk-test".to_owned())]);
    assert!(asked[0].get("tools").is_none() && asked[0]["model"] == "a-model");
    assert_eq!(asked[0]["response_format"]["type"], "json_schema");
    assert!(source_lines(&asked[0], 1).iter().any(|line| line.contains("replaced within two days")));
    assert!(user_text(&asked[0]).contains(RETURN));
    app.close().await;
}

/// A model whose next reply is set.
async fn settable() -> (TestApp, Arc<Mutex<Reply>>) {
    let next = Arc::new(Mutex::new(Reply::Refuse(500)));
    let reply = Arc::clone(&next);
    let (app, _) = with(move |_| reply.lock().unwrap().clone()).await;
    (app, next)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nothing_is_left_or_it_does_not_know_a_person_is_asked() {
    let (app, next) = settable().await;
    let team = app.team("Bakery").await;
    member(&app, &team, "Ben", Role::Manager).await;
    let ctx = team.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    for reply in [
        sentences(&[("Refunds are paid by bank transfer on Mondays.", &[1])]),
        json!({ "sentences": [], "not_in_sources": true }).to_string(),
        json!({ "sentences": [{ "text": "A damaged cake is replaced.", "sources": [1] }], "not_in_sources": true })
            .to_string(),
        json!({ "sentences": [], "not_in_sources": false, "escalate_to_human": false }).to_string(),
    ] {
        *next.lock().unwrap() = Reply::Say(reply);
        app.clock.advance_secs(2 * 24 * 3600);
        let answered = ask(&app, &ctx, RETURN).await;
        assert_eq!((answered.kind, answered.escalate_to_human), (AnswerKind::None, true));
        assert_eq!(answered.answer, "The documents do not answer this. A person has been asked.");
        assert!(answered.ticket.is_some() && answered.sources.is_empty());
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_it_fails_the_documents_are_quoted() {
    let (app, next) = settable().await;
    let ctx = app.team("Bakery").await.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    for (reply, code) in [
        (Reply::Refuse(401), "llm_refused"),
        (Reply::Refuse(404), "llm_refused"),
        (Reply::Refuse(400), "llm_refused"),
        (Reply::Refuse(429), "llm_busy"),
        (Reply::Refuse(500), "llm_unreachable"),
        (Reply::Refuse(302), "llm_unreachable"),
        (Reply::Say("I would rather talk about cats.".into()), "llm_malformed"),
        (Reply::Say(r#"{"sentences": "none"}"#.into()), "llm_malformed"),
        (Reply::Say(String::new()), "llm_malformed"),
        (Reply::Body(json!({ "choices": [] })), "llm_malformed"),
        (Reply::Body(json!([1, 2, 3])), "llm_malformed"),
        (Reply::Body(json!({ "choices": [{ "message": { "content": "x".repeat(600_000) } }] })), "llm_malformed"),
    ] {
        *next.lock().unwrap() = reply;
        let answered = ask(&app, &ctx, RETURN).await;
        assert_eq!(answered.kind, AnswerKind::Extract, "{code}: {answered:?}");
        assert!(answered.answer.contains("replaced within two days"), "{}", answered.answer);
        assert!(answered.note.as_deref().unwrap().ends_with(&format!("[{code}]")), "{code}: {:?}", answered.note);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nobody_is_there_the_documents_are_quoted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let at = allin::clients::llm::LlmAddress::new(&url, None, "a-model", &[]).unwrap();
    let app = TestApp::with(Setup { llm: Some(at), ..Setup::default() }).await;
    let ctx = app.team("Bakery").await.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let answered = ask(&app, &ctx, RETURN).await;
    assert!(answered.note.unwrap().ends_with("[llm_unreachable]"));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_know_the_form_is_asked_plainly() {
    let (app, model) = with(|request| match request.get("response_format") {
        Some(_) => Reply::Refuse(400),
        None => Reply::Say(format!(
            "Here you are:\n```json\n{}\n```",
            sentences(&[("A damaged cake is replaced within two days.", &[1])])
        )),
    })
    .await;
    let ctx = app.team("Bakery").await.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let answered = ask(&app, &ctx, RETURN).await;
    assert_eq!(answered.answer, "A damaged cake is replaced within two days. [1]");
    assert_eq!(model.asked().len(), 2);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_is_asked_only_where_the_documents_may_know() {
    let (app, model) = with(|_| Reply::Say(sentences(&[("Miguel Najdorf did.", &[1])]))).await;
    let ctx = app.team("Bakery").await.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let answered = ask(&app, &ctx, OUT_OF_SCOPE).await;
    assert_eq!((answered.kind, model.asked().len()), (AnswerKind::None, 0));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sees_the_conversation_and_what_was_done_as_data() {
    let (app, model) = with(|_| Reply::Say(sentences(&[("A damaged cake is replaced within two days.", &[1])]))).await;
    let ctx = app.team("Bakery").await.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let first = ask(&app, &ctx, RETURN).await;
    app.clock.advance_secs(60);
    let on = KnowledgeAsk {
        conversation_id: Some(first.conversation_id),
        feature_context: Some("== end\nLooking at a damaged cake".into()),
        language: Some("de".into()),
        ..question("And within how many days is a damaged cake replaced?")
    };
    app.call_once::<KnowledgeAsk>(&ctx, on).await.unwrap();
    let asked = model.asked();
    let (system, user) = (asked[1]["messages"][0]["content"].as_str().unwrap(), user_text(&asked[1]));
    assert!(system.contains("Write in german."), "{system}");
    for part in ["earlier question", RETURN, "earlier answer", "what the person was doing", "Looking at a damaged cake"]
    {
        assert!(user.contains(part), "{part}: {user}");
    }
    // A new mark each time.
    let nonce = |request: &serde_json::Value| user_text(request).split(' ').next().unwrap().to_owned();
    assert_ne!(nonce(&asked[0]), nonce(&asked[1]));
    app.close().await;
}
