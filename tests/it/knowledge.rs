//! Documents: how they are added, read, found and removed, and who finds them.

mod asked;
mod audience;
mod full;
mod reading;
mod resources;
mod spelling;
mod told;

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{
            add::{KnowledgeAdd, KnowledgeAdded},
            list::KnowledgeList,
            search::{KnowledgeFound, KnowledgeSearch},
            settle::settle,
        },
    },
    model::roles::Role,
};
use sqlx::Row as _;

use crate::support::{TestApp, people::Team};

/// Markdown with a path.
fn markdown(path: &str, text: &str) -> KnowledgeAdd {
    KnowledgeAdd { text: Some(text.into()), path: Some(path.into()), ..KnowledgeAdd::default() }
}

async fn add(app: &TestApp, ctx: &Ctx, input: KnowledgeAdd) -> KnowledgeAdded {
    app.call_once::<KnowledgeAdd>(ctx, input).await.unwrap()
}

/// Until nothing is left to read.
async fn read_all(app: &TestApp, ctx: &Ctx) {
    settle(app, ctx, |_| ()).await.unwrap();
}

async fn search(app: &TestApp, ctx: &Ctx, query: &str) -> KnowledgeFound {
    let input = KnowledgeSearch {
        query: query.into(),
        k: Some(10),
        category: None,
        language: None,
        min_score: None,
        user_role: None,
    };
    app.call_once::<KnowledgeSearch>(ctx, input).await.unwrap()
}

/// Path and section of what was found, best first.
fn places(found: &KnowledgeFound) -> Vec<String> {
    found.results.iter().map(|result| format!("{}#{}", result.path, result.section)).collect()
}

async fn listed(app: &TestApp, ctx: &Ctx) -> Vec<String> {
    let input = KnowledgeList { limit: Some(200), ..KnowledgeList::default() };
    let found = app.call_once::<KnowledgeList>(ctx, input).await.unwrap();
    found.documents.into_iter().filter(|document| document.source != "product").map(|document| document.path).collect()
}

/// Whether the statistics are those that counting all anew gives.
async fn assert_counted(app: &TestApp) {
    let mut db = app.database.superuser().await;
    for (what, kept, counted) in [
        (
            "terms",
            "select workspace_id::text, language, lexeme, audience::text, chunks::text from term_stats order by 1, 2, 3, 4",
            "select workspace_id::text, language, lexeme, audience::text, count(*)::text from chunk_terms
             group by 1, 2, 3, 4 order by 1, 2, 3, 4",
        ),
        (
            "chunks",
            "select workspace_id::text, language, audience::text, chunks::text, round(length)::text from chunk_stats
             order by 1, 2, 3",
            "select workspace_id::text, language, audience::text, count(*)::text, round(sum(length))::text from chunks
             group by 1, 2, 3 order by 1, 2, 3",
        ),
        (
            "lengths",
            "select chunk_id::text, length::text from chunks where length > 0 order by 1",
            // Names that are kept whole are counted by their parts, where PostgreSQL finds the words.
            "select chunk_id::text, sum(count)::text from chunk_terms
             where lexeme !~ '^[[:alnum:]]+(_+[[:alnum:]]+)+$' or language in ('zh', 'ja', 'th') group by 1 order by 1",
        ),
    ] {
        let mut rows = Vec::new();
        for sql in [kept, counted] {
            let found = sqlx::raw_sql(sql).fetch_all(&mut db).await.unwrap();
            let texts =
                |row: &sqlx::postgres::PgRow| (0..row.len()).map(|at| row.get::<String, _>(at)).collect::<Vec<_>>();
            rows.push(found.iter().map(texts).collect::<Vec<_>>());
        }
        assert_eq!(rows[0], rows[1], "{what}");
    }
}

async fn count(app: &TestApp, table: &str, filter: &str) -> i64 {
    let mut db = app.database.superuser().await;
    let sql = format!("select count(*) from {table} where {filter}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_one(&mut db).await.unwrap().get(0)
}

async fn member(app: &TestApp, team: &Team, role: Role) -> Ctx {
    let id = app.member(team, role).await;
    team.ctx(app, id, crate::support::people::Door::Stdio)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_products_own_documents_are_found_by_their_words() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let found = search(&app, &ctx, "How do I pause all publishing at once?").await;
    assert!(
        places(&found)[..3].contains(&"60-troubleshooting.md#stopping-all-publishing-at-once".to_owned()),
        "{found:#?}"
    );
    assert_eq!(found.mode.to_string(), "keyword");
    assert!(found.note.as_deref().unwrap().starts_with("Searched by words alone"), "{found:?}");
    // Mistyped words are understood.
    let mistyped = search(&app, &ctx, "stoping all publshing at once").await;
    assert!(places(&mistyped)[..3].contains(&"60-troubleshooting.md#stopping-all-publishing-at-once".to_owned()));
    // Nothing is made up.
    let nothing = search(&app, &ctx, "zyxwvut qqqqq").await;
    assert_eq!(nothing.results.len(), 0);
    assert_counted(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_found_in_their_language() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    for (path, text) in [
        (
            "de.md",
            "# Rückgaben\n\nKunden schicken beschädigte Torten innerhalb von zwei Tagen mit einem Foto zurück, dann ersetzen wir sie.",
        ),
        ("zh.md", "# 退货政策\n\n顾客可以在两天内退回损坏的蛋糕，并附上照片，我们会免费更换。"),
        ("ja.md", "# 返品について\n\n壊れたケーキは写真を添えて二日以内に返品できます。無料で交換します。"),
        ("th.md", "# นโยบายการคืนสินค้า\n\nลูกค้าสามารถคืนเค้กที่เสียหายภายในสองวันพร้อมรูปถ่าย เราจะเปลี่ยนให้ฟรี"),
        ("vi.md", "# Chính sách đổi trả\n\nKhách hàng có thể trả lại bánh bị hỏng trong vòng hai ngày kèm ảnh chụp."),
    ] {
        add(&app, &ctx, markdown(path, text)).await;
    }
    read_all(&app, &ctx).await;
    for (query, path) in [
        ("Wie gebe ich eine beschädigte Torte zurück?", "de.md"),
        ("蛋糕损坏可以退货吗", "zh.md"),
        ("壊れたケーキの返品", "ja.md"),
        ("คืนเค้กที่เสียหาย", "th.md"),
        ("trả lại bánh bị hỏng", "vi.md"),
    ] {
        let found = search(&app, &ctx, query).await;
        assert_eq!(
            found.results.first().map(|result| result.path.as_str()),
            Some(path),
            "{query}: {:?}",
            places(&found)
        );
    }
    assert_counted(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_is_narrowed_and_bad_input_is_told() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let base = KnowledgeSearch {
        query: "What does an approval policy do?".into(),
        k: Some(20),
        category: None,
        language: None,
        min_score: None,
        user_role: None,
    };
    let narrowed = KnowledgeSearch { category: Some("troubleshooting".into()), ..base.clone() };
    let found = app.call_once::<KnowledgeSearch>(&ctx, narrowed).await.unwrap();
    assert!(!found.results.is_empty() && found.results.iter().all(|result| result.category == "troubleshooting"));
    let sure = KnowledgeSearch { min_score: Some(0.9), ..base.clone() };
    let found = app.call_once::<KnowledgeSearch>(&ctx, sure).await.unwrap();
    assert!(found.results.iter().all(|result| result.score >= 0.9));
    let german = KnowledgeSearch { language: Some("de".into()), ..base.clone() };
    assert_eq!(app.call_once::<KnowledgeSearch>(&ctx, german).await.unwrap().results.len(), 0);
    for (input, code) in [
        (KnowledgeSearch { query: " \u{7} ".into(), ..base.clone() }, "query_invalid"),
        (KnowledgeSearch { query: "word ".repeat(500), ..base.clone() }, "query_invalid"),
        (KnowledgeSearch { k: Some(0), ..base.clone() }, "k_invalid"),
        (KnowledgeSearch { k: Some(21), ..base.clone() }, "k_invalid"),
        (KnowledgeSearch { min_score: Some(f32::NAN), ..base.clone() }, "min_score_invalid"),
        (KnowledgeSearch { language: Some("klingon".into()), ..base.clone() }, "language_unknown"),
    ] {
        let refused = app.call_once::<KnowledgeSearch>(&ctx, input).await.unwrap_err();
        assert_eq!(refused.code(), code);
    }
    app.close().await;
}
