//! Mistyped questions, and names that are looked for whole.

use super::{add, assert_counted, markdown, places, read_all, search};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistyped_words_are_put_right_and_it_is_said() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    add(
        &app,
        &ctx,
        markdown(
            "kiln.md",
            "# The kiln\n\nThe Zephyrion kiln is restarted with its green button.\n\n# Designs\n\nWe draw in Canva.",
        ),
    )
    .await;
    read_all(&app, &ctx).await;
    for (question, first, read) in [
        // Known mistakes, and of two meanings that which the documents have.
        (
            "how do i conect a blusky acount",
            "45-integrations-and-networks.md#connecting-a-bluesky-account",
            Some("how do i connect a bluesky account"),
        ),
        (
            "where do i get my personel data",
            "70-security-and-privacy.md#getting-a-copy-of-your-own-data",
            Some("where do i get my personal data"),
        ),
        // Words of a document of one's own.
        ("How is the Zephyrian kiln restarted?", "kiln.md#the-kiln", Some("How is the Zephyrion kiln restarted?")),
        // A dictionary takes this for `canvas`, were it not for the document.
        ("Where do we draw in Canva?", "kiln.md#designs", None),
        ("Wie wird ein Konto von Bluesky verbunden, und was ist ein Anwendungspasswort?", "", None),
    ] {
        let found = search(&app, &ctx, question).await;
        let note = found.note.clone().unwrap_or_default();
        match read {
            Some(read) => assert!(note.ends_with(&format!("searched for: {read}")), "{question}: {note}"),
            None => assert!(!note.contains("put right"), "{question}: {note}"),
        }
        assert!(first.is_empty() || places(&found)[0] == first, "{question}: {:?}", places(&found));
    }
    app.close().await;
}

/// The migration that indexes names in documents that are there gives what reading them anew gives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_found_whole_in_old_documents_too() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let about = "# Heat\n\nThe most heat of the oven: an oven heats most in the oven's middle.\n\n";
    add(&app, &ctx, markdown("heat.md", &about.repeat(3))).await;
    let named = "# Settings\n\n<!-- questions:\nWhat is oven_most_heat?\n-->\n\n`OVEN_MOST_HEAT=230` and _oven_most_heat_, __init__, a_ b.";
    add(&app, &ctx, markdown("settings.md", named)).await;
    add(&app, &ctx, markdown("zh.md", "# 烤箱设置\n\n烤箱的最高温度写在 OVEN_MOST_HEAT 这个变量里面。")).await;
    read_all(&app, &ctx).await;
    assert_eq!(places(&search(&app, &ctx, "oven_most_heat").await)[0], "settings.md#settings");
    assert_counted(&app).await;

    let mut db = app.database.superuser().await;
    let rows = "select language || lexeme || chunk_id || audience || count || length from chunk_terms order by 1";
    let read: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut db).await.unwrap();
    assert!(read.iter().any(|row| row.starts_with("zhoven_most_heat")), "{read:?}");
    let names = "lexeme ~ '^[[:alnum:]]+(_+[[:alnum:]]+)+$' and language not in ('zh', 'ja', 'th')";
    for table in ["chunk_terms", "term_stats"] {
        let sql = format!("delete from {table} where {names}");
        assert!(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut db).await.unwrap().rows_affected() > 0);
    }
    sqlx::raw_sql(include_str!("../../../migrations/0024_identifiers.sql")).execute(&mut db).await.unwrap();
    let migrated: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut db).await.unwrap();
    assert_eq!(read, migrated);
    assert_counted(&app).await;
    app.close().await;
}
