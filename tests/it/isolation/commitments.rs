//! What people wrote or are called is in no audit entry: only commitments to it, with what opens them beside.

use super::{MARKS, two};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_audit_entry_holds_personal_data_or_words() {
    let app = TestApp::start().await;
    two(&app).await;
    let mut superuser = app.database.superuser().await;
    let entries: Vec<(String, String)> = sqlx::query_as("select use_case, to_jsonb(e)::text from audit_entries e")
        .fetch_all(&mut superuser)
        .await
        .unwrap();
    let people: Vec<String> =
        sqlx::query_scalar("select display_name from persons").fetch_all(&mut superuser).await.unwrap();
    assert!(entries.len() > 40 && people.len() >= 4, "{} entries, {people:?}", entries.len());
    let mut told = Vec::new();
    for (use_case, entry) in &entries {
        // Every text, handle, name, reason and tag of the filled workspaces carries its mark.
        let words = MARKS.into_iter().chain(["@example.com"]).chain(people.iter().map(String::as_str));
        told.extend(words.filter(|word| entry.contains(word)).map(|word| format!("{word} in {use_case}: {entry}")));
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    let openings: Vec<String> =
        sqlx::query_scalar("select value from audit_openings order by value").fetch_all(&mut superuser).await.unwrap();
    for mark in MARKS {
        for value in [format!("{mark} reason"), format!("{mark}-tag"), format!("{mark}-account")] {
            assert!(openings.contains(&value), "{value} is in no opening: {openings:?}");
        }
    }
    app.close().await;
}
