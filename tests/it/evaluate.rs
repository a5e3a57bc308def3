//! `allin kb eval`: what it counts, what it refuses, and how good searches are on questions that no curve was fitted on.

use std::{sync::Arc, time::Duration};

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{
            add::KnowledgeAdd,
            calibrate::calibrate,
            evaluate::{Measured, Told, evaluate, load::load},
            find::{By, Wanted, find_by},
            read,
            settle::settle,
        },
    },
    clients::embedder::{Embedder, LocalModel},
    documents,
    error::Error,
    model::{
        evaluation::{
            cases::Truth,
            questions::{self, MALFORMED},
            report::Judges,
        },
        knowledge::SearchMode,
        roles::Role,
    },
};

use crate::support::{TestApp, app::Setup, embedding};

const BAKERY: &str = "# Bakery\n\n## Opening hours\n\nThe shop opens at seven in the morning and closes when the bread is gone; on \
    Sundays it stays closed, and on the day before a holiday it opens an hour earlier, so that everybody gets rolls for breakfast \
    and nobody has to wait in front of a locked door while the first trays cool down beside the oven in the yard.\n\n\
    ## Birthday cakes\n\nBirthday cakes are ordered three days ahead and carry one line of at most twenty letters in chocolate; \
    whoever fetches them names the surname on the order, and the deposit is counted against the price when the cake is fetched at \
    the counter before noon on the day that was agreed, not later, because the fridge is needed for the cream.\n";

async fn bakery(app: &TestApp) -> Ctx {
    let ctx = app.team("Bakery").await.person(app);
    let secret = "# Wages\n\n## Night work\n\nWhoever bakes at night gets a quarter more for each hour between ten and five, and a \
        free day after five nights, which the owner notes in the book beside the flour scale every Friday without exception.\n";
    for (path, text, audience) in [("bakery.md", BAKERY, None), ("wages.md", secret, Some(vec![Role::Admin]))] {
        let input =
            KnowledgeAdd { text: Some(text.into()), path: Some(path.into()), audience, ..KnowledgeAdd::default() };
        app.call_once::<KnowledgeAdd>(&ctx, input).await.unwrap();
    }
    settle(app, &ctx, |_| ()).await.unwrap();
    ctx
}

async fn measured(app: &TestApp, ctx: &Ctx, lines: &str) -> Result<Measured, Error> {
    evaluate(app, ctx, &questions::parse(lines)?, false, |_| ()).await
}

fn found(told: &Told) -> (usize, Truth, Option<usize>, &str) {
    (told.line, told.truth, told.rank, told.first.as_deref().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_asked_with_their_answers_and_without() {
    let app = TestApp::start().await;
    let ctx = bakery(&app).await;
    let lines = r#"{"question":"When does the shop open on Sundays?","answers":[{"path":"bakery.md","section":"opening-hours"}],"near_miss":true,"kind":"hours"}
{"question":"Birthday cake letters","answers":[{"path":"bakery.md","section":"bakery"}]}
{"question":"Wie viele Buchstaben hat der Kuchen?","answers":[{"path":"bakery.md"}],"language":"de"}
{"question":"What do people earn at night between ten and five?","answers":[{"path":"wages.md","section":"night-work"}],"role":"Viewer"}
{"question":"zzyzx qwrtp","answers":[],"language":"en"}
"#;
    let mut measured = measured(&app, &ctx, lines).await.unwrap();
    let told: Vec<_> = measured.told.iter().map(found).collect();
    assert_eq!(told[0], (1, Truth::Answerable, Some(1), "bakery.md#opening-hours"));
    // The same with what answers it hidden.
    assert_eq!((told[1].0, told[1].1, told[1].2), (1, Truth::NearMiss, None));
    assert_ne!(told[1].3, "bakery.md#opening-hours");
    // The section of a higher heading is all that is below it.
    assert_eq!(told[2], (2, Truth::Answerable, Some(1), "bakery.md#birthday-cakes"));
    assert_eq!((told[3].0, told[3].1), (3, Truth::Answerable));
    // What a role may not see does not answer it, and is not found.
    assert_eq!((told[4].0, told[4].1, told[4].2), (4, Truth::OutOfScope, None));
    assert!(!told[4].3.starts_with("wages.md"));
    assert_eq!(told[5], (5, Truth::OutOfScope, None, ""));
    assert_eq!(
        measured.cases.iter().map(|case| case.across).collect::<Vec<_>>(),
        [false, false, false, true, false, false]
    );
    assert!(measured.cases[5].confidence.abs() < f64::EPSILON && measured.told[5].curve.is_none());

    let report = measured.report(lines.as_bytes(), true);
    assert_eq!((report.questions, report.hidden_from_role, report.mode), (5, 1, SearchMode::Keyword));
    assert_eq!((report.own.answerable, report.own.out_of_scope, report.own.near_misses), (2, 2, 1));
    assert_eq!((report.across_languages.answerable, report.all.answerable), (1, 3));
    assert_eq!((report.model.as_deref(), report.curves, report.embedding_ms), (None, Judges::Shipped, None));
    assert_eq!(report.kinds.keys().collect::<Vec<_>>(), ["hours"]);
    assert_eq!(report.own.values["recall_at_1"], 1.0);
    assert!(report.latency_ms.p50 > 0.0 && report.latency_ms.p50 <= report.latency_ms.p99);
    assert_eq!(report.bars.len(), 7);
    let text = report.text();
    assert!(text.contains("documents' language: 2 answerable, 2 out of scope, 1 near misses"), "{text}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_that_name_nothing_are_refused_with_what_there_is() {
    let app = TestApp::start().await;
    let ctx = bakery(&app).await;
    let good = r#"{"question":"When does it open?","answers":[{"path":"bakery.md","section":"opening-hours"}]}"#;
    let path = format!("{good}\n{}", good.replace("bakery.md", "shop.md"));
    let refused = measured(&app, &ctx, &path).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (MALFORMED, "Line 2: there is no document `shop.md`."));
    assert!(refused.public().next_step.contains("bakery.md, wages.md"), "{}", refused.public().next_step);
    let section = format!("{good}\n\n{}", good.replace("opening-hours", "hours"));
    let refused = measured(&app, &ctx, &section).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (MALFORMED, "Line 3: bakery.md has no section `hours`."));
    assert!(refused.public().next_step.contains("birthday-cakes, opening-hours"), "{}", refused.public().next_step);
    // Curves are not fitted to words and called something else.
    let questions = questions::parse(good).unwrap();
    let refused = calibrate(&app, &ctx, &questions, good.as_bytes(), |_| ()).await.unwrap_err();
    assert_eq!(refused.code(), "calibration_needs_model");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cosines_of_another_model_say_nothing_about_confidence() {
    let file = embedding::file().await;
    let own = file.clone();
    let fetch = Arc::new(move || {
        let file = own.clone();
        Box::pin(async move { Ok(file) }) as _
    });
    let embedder = Embedder::local(LocalModel { file, sha256: [7; 32], fetch, idle: Duration::from_secs(60) });
    let app = TestApp::with(Setup { embedder, ..Setup::default() }).await;
    let ctx = app.team("Bakery").await.person(&app);
    // Without the product's own documents, which would need vectors of this model, too.
    let parsed = documents::parse(BAKERY.as_bytes(), "bakery.md", None).unwrap();
    load(&app, &ctx, &[("bakery.md".into(), parsed)]).await.unwrap();
    while read::step(&app).await.unwrap() {}
    let wanted = Wanted { query: "When is the shop closed?".into(), k: 3, ..Wanted::default() };
    let found = find_by(&app, &ctx, &wanted, By::Both).await.unwrap();
    assert_eq!(found.mode, SearchMode::Hybrid);
    assert!(found.note.as_ref().is_some_and(|note| note.contains("by words alone")), "{:?}", found.note);
    assert_eq!(found.hits[0].section, "opening-hours");
    assert!(found.hits.iter().all(|hit| hit.signals.cosine.is_none()));
    app.close().await;
}

/// No curve is fitted on these questions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_products_documents_answer_questions_that_were_held_out() {
    let app = TestApp::with(Setup { embedder: embedding::embedder().await, real_time: true, ..Setup::default() }).await;
    let ctx = app.team("Bakery").await.person(&app);
    settle(&app, &ctx, |_| ()).await.unwrap();
    let lines = include_str!("../data/questions-held-out.jsonl");
    let mut measured = measured(&app, &ctx, lines).await.unwrap();
    let report = measured.report(lines.as_bytes(), false);
    assert_eq!((report.mode, report.curves), (SearchMode::Hybrid, Judges::Shipped));
    let figure = |name: &str| report.own.values[name];
    let across = |name: &str| report.across_languages.values[name];
    let all = report.text();
    assert!(figure("recall_at_5") >= 0.85, "{all}");
    assert!(figure("false_answers_out_of_scope") <= 0.15, "{all}");
    assert!(across("recall_at_5") >= 0.8 && across("auroc") >= 0.8, "{all}");
    app.close().await;
}
