//! What sections say that they are asked for: it finds them, and nobody ever sees it. Words that are only mistyped, or only not
//! spoken of.

use allin::{
    app::knowledge::{
        find::{By, Wanted, find_by, model_key},
        get::KnowledgeGet,
        list::KnowledgeList,
    },
    ids::ChunkId,
    model::{confidence::Weights, knowledge::bit, roles::Role},
    store::{
        db::Entrance,
        knowledge::{
            search::{self, Compared, Meaning, Part, Scored},
            vectors::{self, Window},
        },
    },
};
use pgvector::HalfVector;
use sqlx::Row as _;

use super::{add, count, markdown, places, read_all, search};
use crate::support::{TestApp, app::Setup, embedding};

const RETURNS: &str = "# Shop\n\n## Returns\n\nWhat was bought comes back within a month, with its receipt.\n\n<!-- questions:\n\
    How do I get a zwieback refund?\n-->\n\n## Hours\n\nWe open at seven.\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_section_is_found_by_its_questions_which_are_shown_nowhere() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let added = add(&app, &ctx, markdown("shop.md", RETURNS)).await;
    read_all(&app, &ctx).await;
    let found = search(&app, &ctx, "zwieback").await;
    assert_eq!(places(&found), ["shop.md#returns"]);
    let whole = app
        .call_once::<KnowledgeGet>(&ctx, KnowledgeGet { document: Some("shop.md".into()), ..KnowledgeGet::default() });
    let shown =
        [serde_json::to_string(&found), serde_json::to_string(&added), serde_json::to_string(&whole.await.unwrap())];
    for shown in shown.map(Result::unwrap) {
        assert!(!shown.contains("zwieback") && !shown.contains("<!--"), "{shown}");
    }
    // Whoever added it is told.
    let input = KnowledgeList { limit: Some(200), ..KnowledgeList::default() };
    let listed = app.call_once::<KnowledgeList>(&ctx, input).await.unwrap().documents;
    let told = listed.into_iter().find(|document| document.path == "shop.md").unwrap().notes;
    assert_eq!(told, ["1 question(s) in comments serve to find passages and are not shown."]);
    // A change of the questions alone is a change.
    add(&app, &ctx, markdown("shop.md", &RETURNS.replace("zwieback", "pumpernickel"))).await;
    read_all(&app, &ctx).await;
    assert_eq!(places(&search(&app, &ctx, "pumpernickel").await), ["shop.md#returns"]);
    assert_eq!(search(&app, &ctx, "zwieback").await.results.len(), 0);
    app.close().await;
}

/// Of length 1, with this product with the question.
fn vector(product: f32) -> HalfVector {
    let mut values = vec![0.0; 384];
    (values[0], values[1]) = (product, (1.0 - product * product).sqrt());
    HalfVector::from_f32_slice(&values)
}

fn window(product: f32, question: bool) -> Window {
    Window { starts: 0, ends: 1, question, embedding: vector(product) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comparing_all_and_the_index_measure_the_same() {
    const MODEL: i64 = 7;
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    for name in ["asked.md", "plain.md"] {
        add(&app, &ctx, markdown(name, "# Bread\n\nRye bread.\n")).await;
    }
    read_all(&app, &ctx).await;
    let mut superuser = app.database.superuser().await;
    let sql =
        "select c.chunk_id from chunks c join documents d using (workspace_id, document_id) where d.source <> 'product'
               order by d.path";
    let ids: Vec<ChunkId> =
        sqlx::raw_sql(sql).fetch_all(&mut superuser).await.unwrap().iter().map(|row| row.get(0)).collect();
    let mut tx = app.db.tenant(team.workspace, Entrance::System, app.now()).await.unwrap().0;
    let asked = [window(0.6, false), window(0.2, false), window(0.9, true), window(0.1, true)];
    vectors::put(&mut tx, team.workspace, MODEL, ids[0], true, &asked).await.unwrap();
    vectors::put(&mut tx, team.workspace, MODEL, ids[1], false, &[window(0.65, false)]).await.unwrap();
    vectors::set_indexed(&mut tx, team.workspace, MODEL, true).await.unwrap();
    let compared = Compared {
        role: bit(Role::Viewer),
        languages: &[],
        lexemes: &[],
        rarities: &[],
        lengths: &[],
        wholes: &[],
        category: None,
        language: None,
        without: &[],
        limit: 2,
    };
    let weights = Weights { cosine: 1.0, words: 1.0, missing: 0.0, question: 0.1 };
    let meaning = Meaning { model: MODEL, vector: &vector(1.0), weights };
    let exact = search::exact(&mut tx, team.workspace, &compared, &meaning, Part::ALL).await.unwrap();
    let indexed = search::indexed(&mut tx, team.workspace, &compared, &meaning).await.unwrap();
    // The mean of the best window and of the best question, lowered by a tenth; without questions the window.
    for found in [&exact, &indexed] {
        let told: Vec<(ChunkId, f32)> = found.iter().map(|one: &Scored| (one.chunk_id, one.cosine.unwrap())).collect();
        assert_eq!(told.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids, "{told:?}");
        assert!((told[0].1 - 0.7).abs() < 0.001 && (told[1].1 - 0.65).abs() < 0.001, "{told:?}");
    }
    assert_eq!(exact, indexed);
    // What is quoted lies in the body.
    let raw: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let nearest = vectors::nearest_windows(&mut tx, team.workspace, MODEL, &raw, &vector(0.9)).await.unwrap();
    assert_eq!(nearest.len(), 2);
    tx.commit().await.unwrap();
    assert_eq!(count(&app, "chunk_vectors", "model = 7 and indexed").await, 3);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_exist_are_not_taken_for_mistyped_ones() {
    let embedder = embedding::embedder().await;
    let model = model_key(&embedder.model().unwrap());
    let app = TestApp::with(Setup { embedder, ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    add(&app, &ctx, markdown("trails.md", "# Trails\n\nThere is a backup of the trail map.\n")).await;
    read_all(&app, &ctx).await;
    let covered = async |query: &str| {
        let wanted = Wanted { query: query.into(), k: 20, ..Wanted::default() };
        let found = find_by(&app, &ctx, &wanted, By::Both).await.unwrap();
        found.hits.into_iter().find(|hit| hit.path == "trails.md").unwrap().signals.coverage
    };
    assert!(covered("trail backup").await > 0.99);
    let mistyped = covered("trail bakup").await;
    assert!(mistyped > 0.8, "{mistyped}");
    // A train is no trail.
    let other = covered("train backup").await;
    assert!(other < 0.7, "{other}");
    assert!(
        count(&app, "chunk_vectors", &format!("model = {model} and question")).await > 0,
        "the product's own questions"
    );
    app.close().await;
}

/// A search that is alone compares in two halves, one among many does not; both find the same in the same order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_halves_find_what_one_whole_finds() {
    let embedder = embedding::embedder().await;
    let app = TestApp::with(Setup { embedder, ..Setup::default() }).await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let section = |number: u32| {
        let questions: String =
            (0..12).map(|asked| format!("What is meant by bread {number} of kind {asked}?\n")).collect();
        format!(
            "## Bread {number}\n\nBread {number} is baked with {number} grams of salt.\n\n<!-- questions:\n{questions}-->\n\n"
        )
    };
    let text: String = (0..30).map(section).collect();
    add(&app, &ctx, markdown("bread.md", &format!("# Breads\n\n{text}"))).await;
    read_all(&app, &ctx).await;
    assert!(count(&app, "chunk_vectors", "true").await > 2000, "as many as are compared in halves");
    for question in ["How much salt is in bread 7?", "How do I connect an account?", "pausing everything"] {
        let wanted = Wanted { query: question.into(), k: 20, ..Wanted::default() };
        let search = || find_by(&app, &ctx, &wanted, By::Both);
        let alone = search().await.unwrap();
        assert_eq!(alone.hits.len(), 20);
        let many = futures::future::join_all((0..12).map(|_| search())).await;
        for found in many {
            assert_eq!(found.unwrap(), alone, "{question}");
        }
    }
    app.close().await;
}
