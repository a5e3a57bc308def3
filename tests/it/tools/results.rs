//! What tools answer: real results of every tool fit its output schema, and read well.

use std::collections::BTreeMap;

use allin::tools;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    client::{Client, Era, Says, code, text},
    http::whole,
    named::Names,
    pictures::png,
};

/// Calls a tool, checks the result against its schema and keeps it for the snapshot.
struct Reader {
    client: Client,
    names: Names,
    seen: BTreeMap<&'static str, u32>,
    story: String,
}

impl Reader {
    async fn call(&mut self, name: &str, arguments: Value) -> Value {
        let spec = tools::find(name).unwrap();
        let result = self.client.tool(name, arguments.clone()).await;
        let shown = self.names.value(&arguments);
        self.story.push_str(&format!("> {name} {shown}\n{}\n\n", self.names.text(text(&result)).trim_end()));
        assert_eq!(code(&result), None, "{name} {arguments}: {result}");
        let schema = Value::Object((**spec.tool.output_schema.as_ref().unwrap()).clone());
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<_> =
            validator.iter_errors(&result["structuredContent"]).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:?} in {:#}", result["structuredContent"]);
        *self.seen.entry(spec.name).or_default() += 1;
        result["structuredContent"].clone()
    }

    /// A call that fails, for the snapshot.
    async fn fail(&mut self, name: &str, arguments: Value) -> Value {
        let result = self.client.tool(name, arguments.clone()).await;
        let shown = self.names.value(&arguments);
        self.story.push_str(&format!("> {name} {shown}\n{}\n\n", self.names.text(text(&result)).trim_end()));
        assert!(code(&result).is_some(), "{name} {arguments}: {result}");
        self.names.value(&result["_meta"]["allin/refusal"])
    }
}

async fn reader(app: &TestApp, name: &str) -> Reader {
    let team = app.team(name).await;
    app.set_pages_url("http://127.0.0.1:1/".parse().unwrap());
    let client = app.local(&team, whole(), Era::Legacy, Says::Accept).await;
    app.account(&team, "bakery").await;
    Reader { client, names: Names::default(), seen: BTreeMap::new(), story: String::new() }
}

/// What is held may have been sent, as after a restore.
async fn doubted(app: &TestApp) {
    let mut superuser = app.database.superuser().await;
    sqlx::query(
        "insert into attempts (workspace_id, attempt_id, target_id, ordinal, number, state, fingerprint, fence, armed_at,
                               send_deadline, finished_at, evidence)
         select workspace_id, gen_random_uuid(), target_id, 0, 1, 'unknown', sha256(''), 0, $1, $1, $1, 'nobody knows'
         from targets where state = 'held'",
    )
    .bind(app.now().plus_secs(-3600))
    .execute(&mut superuser)
    .await
    .unwrap();
}

/// Versions of the post, and what is said and to be done about it.
async fn together(reader: &mut Reader, post: &Value) {
    reader.call("post_history", json!({ "post_id": post })).await;
    reader.call("post_diff", json!({ "post_id": post })).await;
    reader.call("post_restore", json!({ "post_id": post, "version": 1 })).await;
    reader.call("post_update", json!({ "post_id": post, "segments": [{ "text": "Fresh bread at 8." }] })).await;
    let comment = json!({ "post_id": post, "text": "@Carl, is 8 right?\nOr 7?" });
    let comment = reader.call("comment_add", comment).await["comment"]["id"].clone();
    reader.call("comment_list", json!({ "post_id": post })).await;
    reader.call("comment_delete", json!({ "comment_id": comment })).await;
    reader.call("comment_list", json!({ "post_id": post })).await;
    let task = json!({ "title": "Find a picture", "note": "With the oven", "due": "2026-12-04", "post_id": post });
    let task = reader.call("task_create", task).await["task"]["id"].clone();
    reader.call("task_list", json!({})).await;
    reader.call("task_update", json!({ "task_id": task, "state": "done" })).await;
    reader.call("member_activity", json!({})).await;
}

/// Documents, questions, tickets and conversations. The scores follow the calibration, so the words are not kept.
async fn answers(reader: &mut Reader) {
    let told = reader.story.len();
    let document =
        json!({ "path": "returns.md", "text": "# Returns\n\nBring it back.", "audience": ["admin", "manager"] });
    reader.call("knowledge_add", document).await;
    let listed = reader.call("knowledge_list", json!({})).await;
    assert!(
        listed["documents"].as_array().unwrap().iter().any(|document| document["path"] == "returns.md"),
        "{listed}"
    );
    let found = reader.call("knowledge_search", json!({ "query": "How do I pause all publishing at once?" })).await;
    reader.call("knowledge_get", json!({ "chunk_id": found["results"][0]["id"] })).await;
    let got = reader.call("knowledge_get", json!({ "document": found["results"][0]["path"], "length": 1000 })).await;
    reader.call("knowledge_get", json!({ "document": got["document"]["id"], "from": got["next_from"] })).await;
    reader.call("knowledge_remove", json!({ "document": "returns.md" })).await;
    let asked = reader.call("knowledge_ask", json!({ "question": "How do I pause all publishing at once?" })).await;
    let answer = asked["answer_id"].clone();
    reader.call("knowledge_rate", json!({ "answer_id": answer, "helpful": false, "comment": "Too short" })).await;
    let opened = reader.call("ticket_open", json!({ "answer_id": answer, "text": "On one account only?" })).await;
    let ticket = opened["ticket"]["id"].clone();
    let member = reader.call("member_list", json!({})).await["members"][0]["id"].clone();
    reader.call("ticket_list", json!({})).await;
    reader.call("ticket_assign", json!({ "ticket_id": ticket, "assignee_id": member })).await;
    reader.call("ticket_answer", json!({ "ticket_id": ticket, "text": "With `account_id`." })).await;
    reader.call("ticket_document", json!({ "ticket_id": ticket })).await;
    reader.call("ticket_get", json!({ "ticket_id": ticket })).await;
    reader.call("ticket_close", json!({ "ticket_id": ticket })).await;
    reader.call("knowledge_search", json!({ "query": "How do I pause all publishing at once?" })).await;
    let document = json!({ "text": "Cakes are baked at night.", "path": "cakes.md" });
    let document = reader.call("knowledge_add", document).await["document"]["id"].clone();
    reader.call("knowledge_list", json!({})).await;
    reader.call("knowledge_remove", json!({ "document": document })).await;
    reader.call("conversation_list", json!({})).await;
    reader.call("conversation_get", json!({ "conversation_id": asked["conversation_id"] })).await;
    reader.story.truncate(told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "every tool, one after the other")]
async fn every_tool_answers_as_its_schema_says() {
    let app = TestApp::start().await;
    let mut reader = reader(&app, "Bakery").await;
    let publisher = app.publisher().await;
    let picture = app.folder.path().join("media/bread.png");
    std::fs::write(&picture, png(40, 30, [200, 150, 90])).unwrap();

    reader.call("workspace_overview", json!({})).await;
    reader.call("member_list", json!({})).await;
    reader.call("member_invitations", json!({})).await;
    reader.call("network_rules", json!({})).await;
    reader.call("account_connect", json!({ "network": "sandbox" })).await;
    let account = reader.call("account_list", json!({})).await["accounts"][0]["id"].clone();
    reader.call("account_test", json!({ "account_id": account })).await;
    let asset = reader.call("asset_add", json!({ "path": picture, "alt_text": "A loaf" })).await["asset"]["id"].clone();
    let segments =
        json!([{ "text": "Fresh bread at 7.\nCome in!", "media": [{ "asset_id": asset }] }, { "text": "And cake." }]);
    let draft =
        reader.call("post_create", json!({ "segments": segments, "account_ids": [account], "title": "Monday" })).await;
    let post = draft["post"]["id"].clone();
    reader.call("post_create", json!({ "segments": segments, "account_ids": [account], "title": "Monday" })).await;
    reader.call("post_update", json!({ "post_id": post, "segments": [{ "text": "Fresh bread at 8." }] })).await;
    together(&mut reader, &post).await;
    reader.call("post_schedule", json!({ "post_id": post, "at": "2026-12-03T08:00" })).await;
    let slots = json!([{ "days": ["monday", "thursday"], "times": ["9:00", "17:30"] }]);
    reader
        .call("queue_set", json!({ "account_id": account, "slots": slots, "daily_cap": 1, "distance_minutes": 30 }))
        .await;
    reader.call("queue_get", json!({ "account_id": account, "free": 2 })).await;
    let weekly =
        json!({ "post_id": post, "rule": "FREQ=WEEKLY;BYDAY=MO", "starts": "monday 8:00", "until": "2027-01-31" });
    let series = reader.call("series_create", weekly).await["series"]["id"].clone();
    reader.call("series_list", json!({})).await;
    reader.call("series_end", json!({ "series_id": series })).await;
    reader.call("calendar_get", json!({})).await;
    reader.call("post_query", json!({})).await;
    let late = reader.call("post_create", json!({ "segments": [{ "text": "Rolls" }], "account_ids": [account] })).await;
    let late = late["post"]["id"].clone();
    reader.call("post_schedule", json!({ "post_id": late, "at": "2026-12-01T09:00:10" })).await;
    reader.call("publishing_pause", json!({ "reason": "Waiting for the oven" })).await;
    reader.call("workspace_overview", json!({})).await;
    // Less than makes the publisher look dead.
    app.clock.advance_secs(10);
    app.due.notify_one();
    while reader.client.tool("held_list", json!({})).await["structuredContent"]["held"] == json!([]) {}
    doubted(&app).await;
    let open = reader.call("held_list", json!({})).await["held"][0]["open_attempt"]["attempt_id"].clone();
    reader.call("held_resolve", json!({ "post_id": late, "attempt_id": open, "outcome": "look_again" })).await;
    reader.call("publishing_resume", json!({})).await;
    reader.call("held_release", json!({ "release": "new_times", "from": "2026-12-04T08:00" })).await;
    let campaign = reader.call("campaign_create", json!({ "name": "Spring", "post_ids": [post] })).await;
    let campaign = campaign["campaign"]["id"].clone();
    reader.call("campaign_schedule", json!({ "campaign_id": campaign, "at": "2026-12-04T08:00" })).await;
    reader.call("campaign_get", json!({ "campaign_id": campaign })).await;
    reader.call("campaign_list", json!({})).await;
    let file = "key,text,accounts,scheduled_at,campaign\na,Import,bakery,2026-12-04 08:05:00,Spring\nb,,bakery,,\n";
    reader.call("posts_import", json!({ "content": file })).await;
    reader.call("posts_import", json!({ "content": file, "dry_run": false, "only_good": true })).await;
    reader.call("posts_export", json!({ "campaign_id": campaign })).await;
    reader.call("posts_export", json!({ "format": "json", "status": "scheduled" })).await;
    reader.call("calendar_get", json!({ "view": "month", "campaign_id": campaign })).await;
    reader.call("post_cancel", json!({ "post_id": post })).await;
    reader.call("post_publish", json!({ "post_id": post })).await;
    reader.call("post_get", json!({ "post_id": post })).await;
    reader.call("receipt_get", json!({ "post_id": post })).await;
    reader.call("audit_query", json!({ "object_id": post, "use_case": "post_publish" })).await;
    reader.call("post_preview", json!({ "texts": ["Fresh bread at 9."], "networks": ["x", "sandbox"] })).await;
    reader.call("notification_list", json!({})).await;
    reader.call("notification_mark_read", json!({})).await;
    reader.call("post_edit", json!({ "post_id": post, "texts": ["Fresh bread at 9."] })).await;
    reader.call("workspace_overview", json!({})).await;
    reader.call("post_metrics", json!({ "post_id": post })).await;
    reader.call("post_evergreen", json!({ "post_id": post, "evergreen": true })).await;
    reader.call("best_times", json!({ "account_id": account })).await;
    reader.call("recycling_get", json!({})).await;
    reader.call("recycling_set", json!({ "account_id": account, "enabled": true })).await;
    reader.call("recycling_get", json!({})).await;
    // With figures, which differ from run to run: the schemas are looked at, the words are not.
    let told = reader.story.len();
    app.clock.advance_secs(3600);
    app.collect_due().await;
    for (name, arguments) in [
        ("post_metrics", json!({ "post_id": post })),
        ("post_get", json!({ "post_id": post })),
        ("recycling_get", json!({})),
        ("workspace_overview", json!({})),
    ] {
        let figures = reader.call(name, arguments).await.to_string();
        assert!(figures.contains("engagement"), "{name}: {figures}");
    }
    reader.story.truncate(told);
    reader.call("approval_policies", json!({})).await;
    reader.call("approval_freeze", json!({ "reason": "A wrong price went out", "hours": 24 })).await;
    reader.call("approval_policies", json!({})).await;
    let waiting = json!({ "segments": [{ "text": "Cake at 3" }], "account_ids": [account] });
    let waiting = reader.call("post_create", waiting).await["post"]["id"].clone();
    reader.call("post_schedule", json!({ "post_id": waiting, "at": "2026-12-05T15:00" })).await;
    let approval = reader.call("approval_list", json!({})).await["approvals"][0]["id"].clone();
    reader.call("approval_get", json!({ "approval_id": approval })).await;
    reader.call("approval_page", json!({ "approval_id": approval })).await;
    reader.call("approval_withdraw", json!({ "approval_id": approval })).await;
    reader.call("approval_request", json!({ "post_id": waiting, "note": "For the weekend" })).await;
    reader.call("plan_get", json!({})).await;
    reader.call("crisis_status", json!({})).await;
    reader.call("crisis_start", json!({ "reason": "A wrong price went out" })).await;
    reader.call("crisis_status", json!({})).await;
    reader.call("crisis_delete", json!({ "post_ids": [post] })).await;
    reader.fail("crisis_delete", json!({ "all_since": true })).await;
    reader.fail("crisis_delete", json!({})).await;
    let alone = json!({ "segments": [{ "text": "A draft to delete" }], "account_ids": [account] });
    let post = reader.call("post_create", alone).await["post"]["id"].clone();
    reader.call("post_delete", json!({ "post_id": post })).await;
    reader.call("post_query", json!({ "status": "draft" })).await;

    answers(&mut reader).await;

    let missing: Vec<_> =
        tools::all().iter().map(|spec| spec.name).filter(|name| !reader.seen.contains_key(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "tools without a result in this test");
    let mut asked: Vec<Value> = reader.client.asked().iter().map(|question| reader.names.value(question)).collect();
    // What makes a link is signed, and another one each time.
    for url in asked.iter_mut().filter_map(|question| question.get_mut("url")) {
        let shown =
            url.as_str().and_then(|url| url.split_once("/review/")).map(|(base, _)| format!("{base}/review/[token]"));
        *url = shown.map_or_else(|| url.clone(), Value::from);
    }
    let folder = app.folder.path().to_string_lossy().into_owned();
    insta::assert_snapshot!("story", reader.story.replace(&folder, "[folder]"));
    insta::assert_json_snapshot!("questions", asked);
    drop(publisher);
    reader.client.close().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_say_what_to_do() {
    let app = TestApp::start().await;
    let mut reader = reader(&app, "Bakery").await;
    let account = reader.call("account_list", json!({})).await["accounts"][0]["id"].clone();
    let long = reader
        .call("post_create", json!({ "segments": [{ "text": "x".repeat(501) }], "account_ids": [account] }))
        .await;
    let lonely = reader.call("post_create", json!({ "segments": [{ "text": "Nowhere to go" }] })).await;
    let fit = reader.call("post_create", json!({ "segments": [{ "text": "Fits" }], "account_ids": [account] })).await;
    reader.story.clear();
    let calls = [
        ("post_create", json!({})),
        ("post_create", json!({ "segments": [], "account_ids": [account] })),
        ("post_create", json!({ "segments": [{ "text": "  " }], "account_ids": [account, account] })),
        ("post_create", json!({ "segments": [{ "text": "x", "colour": "red" }] })),
        ("post_create", json!({ "text": "x" })),
        ("post_get", json!({ "post_id": "post_123" })),
        ("post_get", json!({ "post_id": account })),
        ("post_query", json!({ "limit": 1000 })),
        ("post_query", json!({ "status": "sent" })),
        ("post_query", json!({ "cursor": "x" })),
        ("calendar_get", json!({ "from": "next week" })),
        ("calendar_get", json!({ "time_zone": "Berlin" })),
        ("post_schedule", json!({ "post_id": lonely["post"]["id"], "at": "2026-12-03T08:00" })),
        ("post_schedule", json!({ "post_id": long["post"]["id"], "at": "2026-12-03T08:00" })),
        ("post_schedule", json!({ "post_id": fit["post"]["id"], "at": "tomorrow at nine" })),
        ("post_schedule", json!({ "post_id": fit["post"]["id"], "at": "2026-11-03T08:00" })),
        ("asset_add", json!({})),
        ("asset_add", json!({ "path": "/etc/passwd" })),
        ("asset_add", json!({ "url": "http://169.254.169.254/latest/meta-data" })),
        ("asset_add", json!({ "url": "https://localhost/x.png" })),
        ("account_connect", json!({ "network": "myspace" })),
        ("account_connect", json!({ "network": "bluesky", "server": "http://192.168.0.1" })),
    ];
    let mut structured = Vec::new();
    for (name, arguments) in calls {
        structured.push(reader.fail(name, arguments).await);
    }
    let allowed = app.folder.path().to_string_lossy().into_owned();
    insta::assert_snapshot!("errors", reader.story.replace(&allowed, "[folder]"));
    for error in structured {
        let error = &error["error"];
        assert!(
            ["code", "kind", "message", "next_step", "who_can_act", "retry"]
                .iter()
                .all(|field| !error[field].is_null()),
            "{error}"
        );
    }
    reader.client.close().await;
    app.close().await;
}
