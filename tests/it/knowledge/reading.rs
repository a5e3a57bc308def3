//! Reading in the background: what is the same costs nothing, what is gone is gone, what fails is told, and a restart loses
//! and repeats nothing.

use std::collections::BTreeSet;

use allin::app::{
    knowledge::{add::KnowledgeAdd, list::KnowledgeList, read, remove::KnowledgeRemove, view::DocumentState},
    use_case::{CallOptions, Reply},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sqlx::Row as _;

use super::{add, assert_counted, count, listed, markdown, read_all, search};
use crate::support::TestApp;

const HANDBOOK: &str = "# Handbook\n\n## Bread\n\nRye bread rests for twelve hours before it is baked, because the dough needs \
    time to become sour, and it is sold from seven in the morning until it is gone, which is seldom after noon on weekdays; on \
    Saturdays a second batch is made at nine, so that those who sleep long find some, and whoever wants a whole tray orders it \
    the day before by telephone or at the counter with the name and the hour at which it will be fetched by whom.\n\n## Cake\n\n\
    Cakes are made to order, three days ahead, with the name of whoever will fetch them; birthday cakes carry one line of at most \
    twenty letters in chocolate, wedding cakes are tasted in the shop on Thursdays after four, and nobody gets their deposit back \
    who calls off a wedding cake later than a week before, except in cases of illness for which a line from a doctor is asked.\n";

/// Chunk ids of the workspace's own documents.
async fn chunks(app: &TestApp) -> BTreeSet<String> {
    let mut db = app.database.superuser().await;
    let sql = "select c.chunk_id::text from chunks c join documents d using (workspace_id, document_id) where d.source <> 'product'";
    sqlx::raw_sql(sql).fetch_all(&mut db).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn state_of(app: &TestApp, ctx: &allin::app::ctx::Ctx, path: &str) -> (DocumentState, Option<String>) {
    let input = KnowledgeList { limit: Some(200), ..KnowledgeList::default() };
    let found = app.call_once::<KnowledgeList>(ctx, input).await.unwrap();
    let document = found.documents.into_iter().find(|document| document.path == path).unwrap();
    (document.state, document.problem)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_the_same_costs_nothing_and_a_change_changes_its_own_chunks() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    assert!(!add(&app, &ctx, markdown("handbook.md", HANDBOOK)).await.unchanged);
    read_all(&app, &ctx).await;
    let first = chunks(&app).await;
    assert_eq!(first.len(), 2);
    assert_eq!(super::places(&search(&app, &ctx, "Who gets the deposit back?").await)[0], "handbook.md#cake");

    let again = add(&app, &ctx, markdown("handbook.md", HANDBOOK)).await;
    assert!(again.unchanged && again.document.state == DocumentState::Ready, "{again:?}");

    add(&app, &ctx, markdown("handbook.md", &HANDBOOK.replace("three days", "four days"))).await;
    read_all(&app, &ctx).await;
    let second = chunks(&app).await;
    assert_eq!((second.len(), first.intersection(&second).count()), (2, 1), "the bread stayed, the cake was made anew");
    assert!(search(&app, &ctx, "four days ahead").await.results[0].content.contains("four days"));

    // Another order is no other content.
    let (bread, cake) = HANDBOOK.split_at(HANDBOOK.find("## Cake").unwrap());
    let turned = format!(
        "# Handbook\n\n{}\n\n{}",
        cake.replace("three days", "four days"),
        bread.trim_start_matches("# Handbook\n\n")
    );
    add(&app, &ctx, markdown("handbook.md", &turned)).await;
    read_all(&app, &ctx).await;
    assert_counted(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_removes_everything() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    // The product's own are there before and after.
    search(&app, &ctx, "bread").await;
    let tables =
        ["documents", "document_contents", "chunks", "chunk_terms", "term_stats", "chunk_stats", "chunk_vectors"];
    let mut before = Vec::new();
    for table in tables {
        before.push(count(&app, table, "true").await);
    }
    let added = add(&app, &ctx, markdown("handbook.md", HANDBOOK)).await;
    read_all(&app, &ctx).await;
    assert!(!search(&app, &ctx, "rye bread").await.results.is_empty());
    let input = KnowledgeRemove { document: added.document.id.to_string() };
    let Reply::Ask(asked) = app.call::<KnowledgeRemove>(&ctx, input.clone(), CallOptions::default()).await.unwrap()
    else {
        panic!("nobody was asked")
    };
    let agreed = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
    app.call::<KnowledgeRemove>(&ctx, input, agreed).await.unwrap().done().unwrap();
    let mut after = Vec::new();
    for table in tables {
        after.push(count(&app, table, "true").await);
    }
    assert_eq!(before, after, "{tables:?}");
    assert!(!super::places(&search(&app, &ctx, "rye bread").await).iter().any(|place| place.starts_with("handbook")));
    let own = KnowledgeRemove { document: "65-faq.md".into() };
    assert_eq!(app.call_once::<KnowledgeRemove>(&ctx, own).await.unwrap_err().code(), "document_of_product");
    assert_counted(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let bytes = |path: &str, bytes: &[u8]| KnowledgeAdd {
        data: Some(BASE64_STANDARD.encode(bytes)),
        path: Some(path.into()),
        ..KnowledgeAdd::default()
    };
    add(&app, &ctx, bytes("picture.pdf", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")).await;
    add(&app, &ctx, bytes("latin.txt", b"caf\xe9 au lait \xff\xfe\xfd")).await;
    add(&app, &ctx, bytes("good.txt", "Rye bread rests for twelve hours.".as_bytes())).await;
    read_all(&app, &ctx).await;
    for path in ["picture.pdf", "latin.txt"] {
        let (state, problem) = state_of(&app, &ctx, path).await;
        assert_eq!(state, DocumentState::Failed, "{path}");
        assert!(problem.is_some_and(|problem| problem.len() > 20), "{path}");
    }
    assert_eq!(state_of(&app, &ctx, "good.txt").await, (DocumentState::Ready, None));
    assert_eq!(search(&app, &ctx, "rye bread").await.results[0].path, "good.txt");
    // A better file in its place is read.
    add(&app, &ctx, markdown("picture.pdf", "# Words\n\nA picture of an oven.")).await;
    read_all(&app, &ctx).await;
    assert_eq!(state_of(&app, &ctx, "picture.pdf").await, (DocumentState::Ready, None));
    for (input, code) in [
        (KnowledgeAdd::default(), "document_source"),
        (KnowledgeAdd { url: Some("https://example.com".into()), ..markdown("a.md", "text") }, "document_source"),
        (markdown("../a.md", "text"), "document_path"),
        (markdown("65-faq.md", "text"), "document_of_product"),
        (markdown("a.md", ""), "document_empty"),
        (KnowledgeAdd { data: Some("***".into()), ..KnowledgeAdd::default() }, "data_malformed"),
        (KnowledgeAdd { audience: Some(vec![]), ..markdown("a.md", "text") }, "audience_empty"),
        (KnowledgeAdd { url: Some("https://127.0.0.1/x".into()), ..KnowledgeAdd::default() }, "outbound_blocked"),
        (KnowledgeAdd { file: Some("/etc/passwd".into()), ..KnowledgeAdd::default() }, "path_not_allowed"),
    ] {
        assert_eq!(app.call_once::<KnowledgeAdd>(&ctx, input).await.unwrap_err().code(), code);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_dies_is_followed_by_another() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    read_all(&app, &ctx).await;
    for number in 0..6 {
        add(&app, &ctx, markdown(&format!("{number}.md"), &HANDBOOK.replace("twelve", &format!("{number}")))).await;
    }
    // Dropped at any moment, several times; the claim is over two minutes later.
    for millis in [1, 5, 20, 60, 150, 300] {
        _ = tokio::time::timeout(std::time::Duration::from_millis(millis), read::step(&app)).await;
        // Nobody takes it over while the claim lasts.
        app.clock.advance_secs(30);
        app.clock.advance_secs(120);
    }
    read_all(&app, &ctx).await;
    assert_eq!(listed(&app, &ctx).await.len(), 6);
    for number in 0..6 {
        assert_eq!(state_of(&app, &ctx, &format!("{number}.md")).await, (DocumentState::Ready, None));
    }
    assert_eq!(chunks(&app).await.len(), 12);
    assert_eq!(count(&app, "knowledge_due", "true").await, 0);
    assert_counted(&app).await;
    app.close().await;
}
