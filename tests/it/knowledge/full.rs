//! A workspace that is full of documents, and lists of many that change while they are read.

use allin::{
    app::{
        knowledge::{add::KnowledgeAdd, list::KnowledgeList, remove::KnowledgeRemove},
        tickets::document::TicketDocument,
    },
    model::roles::Role,
};

use super::{add, markdown, member, read_all};
use crate::{
    answers::{OUT_OF_SCOPE, ask},
    support::TestApp,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_workspace_takes_no_more() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    add(&app, &ctx, markdown("oven.md", "# The oven\n\nIt is hot.")).await;
    read_all(&app, &ctx).await;
    let copies = "insert into documents
        select (jsonb_populate_record(d, jsonb_build_object('document_id', gen_random_uuid(), 'path', 'copy-' || n))).*
        from documents d, generate_series(1, 10000 - (select count(*) from documents)) n where d.path = 'oven.md'";
    sqlx::raw_sql(copies).execute(&mut app.database.superuser().await).await.unwrap();

    let refused = app.call_once::<KnowledgeAdd>(&ctx, markdown("more.md", "# More\n\nOne more.")).await.unwrap_err();
    assert_eq!(refused.code(), "too_many_documents");
    // An earlier one may be replaced.
    add(&app, &ctx, markdown("oven.md", "# The oven\n\nIt is cold.")).await;

    let asker = member(&app, &team, Role::Viewer).await;
    let ticket_id = ask(&app, &asker, OUT_OF_SCOPE).await.ticket.unwrap();
    let document = |text: &str| TicketDocument {
        ticket_id,
        text: Some(text.into()),
        title: None,
        category: None,
        audience: None,
        version: None,
    };
    let refused = app.call_once::<TicketDocument>(&ctx, document("230 degrees.")).await.unwrap_err();
    assert_eq!(refused.code(), "too_many_documents");
    let remove = KnowledgeRemove { document: "copy-1".into() };
    app.agreed::<KnowledgeRemove>(&ctx, remove).await.unwrap();
    app.call_once::<TicketDocument>(&ctx, document("230 degrees.")).await.unwrap();
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_does_not_go_on_from_what_was_removed() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    for name in ["0-a.md", "0-b.md", "0-c.md"] {
        add(&app, &ctx, markdown(name, "# Bread\n\nBread is baked.")).await;
    }
    let page = |cursor| KnowledgeList { limit: Some(2), cursor, ..KnowledgeList::default() };
    let first = app.call_once::<KnowledgeList>(&ctx, page(None)).await.unwrap();
    let second = app.call_once::<KnowledgeList>(&ctx, page(first.next_cursor.clone())).await.unwrap();
    assert_eq!((first.documents[1].path.as_str(), second.documents[0].path.as_str()), ("0-b.md", "0-c.md"));
    app.agreed::<KnowledgeRemove>(&ctx, KnowledgeRemove { document: "0-b.md".into() }).await.unwrap();
    let refused = app.call_once::<KnowledgeList>(&ctx, page(first.next_cursor)).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.public().next_step.as_str()),
        ("cursor_stale", "List from the beginning, without a cursor.")
    );
    app.close().await;
}
