//! Documents by address, as clients of both eras list and read them.

use allin::{
    app::knowledge::{
        add::KnowledgeAdd,
        get::{KnowledgeGet, KnowledgeGot},
    },
    model::roles::Role,
    resources::{self, knowledge::address},
};
use rmcp::model::{PaginatedRequestParams, ReadResourceRequestParams, Resource};
use serde_json::Value;

use super::{add, markdown, read_all, search};
use crate::support::{
    TestApp,
    client::{Client, Era, Says},
    people::Team,
};

async fn read(client: &Client, uri: &str) -> Result<Value, String> {
    let read = client.running.read_resource(ReadResourceRequestParams::new(uri)).await;
    let read = serde_json::to_value(read.map_err(|error| error.to_string())?).unwrap();
    Ok(read["contents"][0].clone())
}

/// Every page, with how long each is.
async fn pages(client: &Client) -> (Vec<Resource>, Vec<usize>) {
    let (mut all, mut lengths, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let asked = PaginatedRequestParams::default().with_cursor(cursor);
        let page = client.running.list_resources(Some(asked)).await.unwrap();
        lengths.push(page.resources.len());
        all.extend(page.resources);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return (all, lengths),
        }
    }
}

async fn many(app: &TestApp, team: &Team) {
    let mut superuser = app.database.superuser().await;
    sqlx::query(
        "insert into documents (workspace_id, document_id, source, path, title, audience, language, state, added_by, created_at,
                                updated_at)
         select $1, gen_random_uuid(), 'text', 'many/' || n || '.md', 'Number ' || n, 31, 'en', 'ready', $2, $3, $3
         from generate_series(1, 250) n",
    )
    .bind(team.workspace.uuid())
    .bind(team.admin.uuid())
    .bind(app.now())
    .execute(&mut superuser)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_listed_in_pages_and_read() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let path = "handbook/Größe & more.md";
    let text = "# Sizes\n\nSmall and large.\n\n## Cakes\n\nOnly large ones; see the list of all the sizes of cakes.";
    let category = Some("handbook".into());
    add(&app, &ctx, KnowledgeAdd { category, ..markdown(path, text) }).await;
    read_all(&app, &ctx).await;
    many(&app, &team).await;
    let uri = "kb://documents/handbook%2FGr%C3%B6%C3%9Fe%20%26%20more.md";
    assert_eq!(address(path), uri);
    let found = search(&app, &ctx, "sizes of cakes").await;
    let cited = &found.results[0].citations[0].uri;
    for era in Era::BOTH {
        let client = app.local(&team, Default::default(), era, Says::Mute).await;
        let (all, lengths) = pages(&client).await;
        let fixed = resources::list();
        assert_eq!(all[..fixed.len()], fixed);
        assert_eq!(all.len(), fixed.len() + 9 + 1 + 250);
        assert!(lengths.len() == 3 && lengths.iter().all(|length| *length <= 100), "{lengths:?}");
        let listed = all.iter().find(|resource| resource.uri == uri).unwrap();
        let listed = serde_json::to_value(listed).unwrap();
        assert_eq!(
            listed,
            serde_json::json!({ "uri": uri, "name": path, "title": "Sizes", "description": "handbook, en",
                "mimeType": "text/markdown" })
        );
        let whole = read(&client, uri).await.unwrap();
        assert_eq!(whole["mimeType"], "text/markdown");
        assert_eq!(whole["text"], format!("“Sizes” ({path})\n\n{text}"));
        // Also as people write it.
        assert_eq!(read(&client, &format!("kb://documents/{path}")).await.unwrap()["text"], whole["text"]);
        let chunk = read(&client, cited).await.unwrap();
        let chunk = chunk["text"].as_str().unwrap();
        assert!(chunk.starts_with(&format!("“Sizes” ({path}#")) && chunk.contains("Only large ones"), "{chunk}");
        let own = read(&client, "kb://documents/65-faq.md").await.unwrap();
        assert!(own["text"].as_str().unwrap().contains("\n## "), "{own}");
        for nowhere in ["kb://documents/nothing.md", "kb://documents/", "kb://chunks/nothing", "kb://elsewhere/faq.md"]
        {
            let refused = read(&client, nowhere).await.unwrap_err();
            assert!(refused.contains("There is no such"), "{nowhere}: {refused}");
        }
        client.close().await;
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_for_others_has_no_address() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    let secret = KnowledgeAdd {
        audience: Some(vec![Role::Admin]),
        ..markdown("salaries.md", "# Salaries\n\nThe baker earns 4,711.")
    };
    let document = add(&app, &admin, secret).await.document.id;
    read_all(&app, &admin).await;
    let chunk = search(&app, &admin, "What does the baker earn?").await.results[0].id;
    let nowhere = allin::ids::ChunkId(document.uuid());
    let http = app.serve().await;
    for role in Role::ALL {
        let member = app.member(&team, role).await;
        let (_, key) = app.key(&team, member).await;
        let client = http.client(&key, Era::Modern, Says::Mute).await;
        let (listed, _) = pages(&client).await;
        let seen = listed.iter().any(|resource| resource.uri.contains("salaries"));
        assert_eq!(seen, role == Role::Admin, "{role:?}");
        let ctx = team.ctx(&app, member, crate::support::people::Door::Stdio);
        let get = |document: &str| {
            app.call_once::<KnowledgeGet>(
                &ctx,
                KnowledgeGet { document: Some(document.into()), ..KnowledgeGet::default() },
            )
        };
        if role == Role::Admin {
            assert!(read(&client, "kb://documents/salaries.md").await.unwrap().to_string().contains("4,711"));
            assert!(get(&document.to_string()).await.unwrap().text.contains("4,711"));
        } else {
            let unknown = read(&client, "kb://documents/nothing.md").await.unwrap_err();
            assert_eq!(read(&client, "kb://documents/salaries.md").await.unwrap_err(), unknown);
            let unknown = read(&client, &format!("kb://chunks/{nowhere}")).await.unwrap_err();
            assert_eq!(read(&client, &format!("kb://chunks/{chunk}")).await.unwrap_err(), unknown);
            for name in [document.to_string(), "salaries.md".into()] {
                assert_eq!(get(&name).await.unwrap_err().code(), "document_not_found");
            }
        }
        client.close().await;
    }
    // While it waits to be read anew for everybody, what was for the Admin alone stays so.
    let everybody =
        KnowledgeAdd { audience: Some(Role::ALL.to_vec()), ..markdown("salaries.md", "# Salaries\n\nAsk the Admin.") };
    add(&app, &admin, everybody).await;
    let viewer = super::member(&app, &team, Role::Viewer).await;
    let input = KnowledgeGet { document: Some("salaries.md".into()), ..KnowledgeGet::default() };
    assert_eq!(app.call_once::<KnowledgeGet>(&viewer, input.clone()).await.unwrap().text, "");
    read_all(&app, &admin).await;
    assert!(app.call_once::<KnowledgeGet>(&viewer, input).await.unwrap().text.contains("Ask the Admin"));
    http.stop().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_document_is_read_in_parts() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let text = "# The list\n\n".to_owned()
        + &(0..1500).map(|n| format!("Loaf number {n} is baked at {}. ", n % 24)).collect::<String>();
    let text = text.trim_end();
    add(&app, &ctx, markdown("long.md", text)).await;
    read_all(&app, &ctx).await;
    let get = |from, length| {
        let input = KnowledgeGet { document: Some("long.md".into()), from, length, ..KnowledgeGet::default() };
        app.call_once::<KnowledgeGet>(&ctx, input)
    };
    let (mut whole, mut parts, mut from) = (String::new(), 0, None);
    loop {
        let KnowledgeGot { text, next_from, .. } = get(from, Some(5000)).await.unwrap();
        assert!(text.chars().count() <= 5000);
        whole.push_str(&text);
        parts += 1;
        match next_from {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    assert_eq!(whole, text);
    assert!(parts > 5, "{parts}");
    assert_eq!(get(None, Some(1_000_000)).await.unwrap().text, text);
    assert_eq!(get(Some(1000), None).await.unwrap().text, "");
    assert_eq!(get(None, Some(0)).await.unwrap_err().code(), "length_invalid");
    let both = KnowledgeGet {
        document: Some("long.md".into()),
        chunk_id: Some(allin::ids::ChunkId(team.admin.uuid())),
        ..KnowledgeGet::default()
    };
    for input in [both, KnowledgeGet::default()] {
        assert_eq!(app.call_once::<KnowledgeGet>(&ctx, input).await.unwrap_err().code(), "document_or_chunk");
    }
    app.close().await;
}
