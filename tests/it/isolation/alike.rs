//! Another workspace's id and one that never was cannot be told apart: the same bytes, the same statements with the same
//! numbers of rows, and, as plans are made once a statement and not for its arguments, the same plans.

use allin::{
    app::{
        calendar::get::CalendarGet,
        ctx::Ctx,
        members::email::MemberEmail,
        notifications::mail,
        use_case::{CallOptions, Effect},
    },
    error::Result,
    ids::MemberId,
    jobs::{collect_metrics, fill_series, keep_house, publish_posts, recycle_posts},
    model::roles::Role,
    resources, tools,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Filled, two};
use crate::support::{
    TestApp,
    app::Setup,
    arguments::{id_paths, with_id},
    cases::{self, Ids},
    http::Http,
    named::Names,
    people::Door,
    smtp::Smtp,
    statements::Recorder,
};

/// What one call came to.
#[derive(Debug, PartialEq)]
struct Seen {
    answer: Value,
    statements: Vec<String>,
}

/// Of one call, with its ids numbered in the order in which they appear.
fn seen(answer: Value, recorder: &Recorder) -> Seen {
    let mut names = Names::default();
    let answer = names.value(&answer);
    let statements = recorder.take();
    // The log is filtered by what the caller wrote, not by what there is: no row is looked up by an id of another table.
    let of_log = statements.iter().any(|statement| statement.contains("from audit_entries"));
    let custom = statements.iter().find(|statement| statement.contains("plan_cache_mode") && !of_log);
    assert_eq!(custom, None, "a plan is made for these arguments: {answer}");
    // Times and ids of requests are spliced into none; members and workspaces are our own.
    Seen { answer, statements }
}

#[track_caller]
fn alike(what: &str, other: &Filled, foreign: &Seen, unknown: &Seen) {
    assert_eq!(foreign, unknown, "{what}");
    assert!(!foreign.answer.to_string().contains(other.mark), "{what}: {foreign:?}");
    assert!(!foreign.statements.is_empty(), "{what}: nothing was recorded");
}

/// Plans hang on the statement alone, unless it says otherwise, which [`seen`] looks for.
async fn plans_are_generic(app: &TestApp) {
    let mut tx = app.db.begin().await.unwrap();
    let mode: String = sqlx::query_scalar("show plan_cache_mode").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(mode, "force_generic_plan");
}

/// The Admin, and a Publisher who was granted nothing.
async fn callers(app: &TestApp, ours: &Filled) -> [(String, Ctx); 2] {
    let publisher = app.member(&ours.team, Role::Publisher).await;
    let (admin, _) = app.key(&ours.team, ours.team.admin).await;
    let (other, _) = app.key(&ours.team, publisher).await;
    [
        ("admin".into(), ours.team.ctx(app, ours.team.admin, Door::Http(admin))),
        ("publisher".into(), ours.team.ctx(app, publisher, Door::Http(other))),
    ]
}

#[tokio::test]
async fn tools_answer_foreign_and_unknown_ids_alike() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    plans_are_generic(&app).await;
    let callers = callers(&app, &ours).await;
    let recorder = Recorder::start();
    let mut tried = 0;
    for spec in tools::all() {
        for (path, kind) in id_paths(spec) {
            for (name, ctx) in &callers {
                let mut calls = Vec::new();
                // The first call of a statement on a connection prepares it.
                for ids in [Ids::nowhere(), theirs.ids, Ids::nowhere()] {
                    let arguments = with_id(spec, ours.ids, &path, &ids.of(&kind));
                    let arguments = arguments.as_object().cloned().unwrap();
                    recorder.take();
                    let answer = match (spec.call)(&app, ctx, arguments, CallOptions::default()).await {
                        Ok(tools::registry::ToolReply::Done(said)) => json!({ "done": said.data, "text": said.text }),
                        Ok(tools::registry::ToolReply::Ask(asked)) => json!({ "asked": asked.question.text }),
                        Err(error) => json!({ "error": error.public() }),
                    };
                    calls.push(seen(answer, &recorder));
                }
                alike(&format!("{} {} as {name}", spec.name, path.join(".")), &theirs, &calls[1], &calls[2]);
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried} places for ids");
    drop(recorder);
    app.close().await;
}

#[tokio::test]
async fn use_cases_answer_foreign_and_unknown_ids_alike() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let callers = callers(&app, &ours).await;
    let recorder = Recorder::start();
    for case in cases::all() {
        for (name, ctx) in callers.iter().chain([&("person".to_owned(), ours.person(&app))]) {
            let mut calls = Vec::new();
            let mut done = true;
            for ids in [Ids::nowhere(), theirs.ids, Ids::nowhere()] {
                recorder.take();
                let answer = match (case.call)(&app, ctx, ids).await {
                    Ok(output) => json!({ "done": output }),
                    Err(error) => json!({ "error": error.public() }),
                };
                done &= answer.get("done").is_some();
                calls.push(seen(answer, &recorder));
            }
            // What takes no id does its work, each time on other data.
            if !done || case.effect == Effect::Read {
                alike(&format!("{} as {name}", case.kind), &theirs, &calls[1], &calls[2]);
            }
        }
    }
    drop(recorder);
    app.close().await;
}

#[tokio::test]
async fn resources_answer_foreign_and_unknown_ids_alike() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let callers = callers(&app, &ours).await;
    let recorder = Recorder::start();
    let templates: Vec<String> = resources::templates().into_iter().map(|found| found.uri_template.clone()).collect();
    let with_ids: Vec<&String> = templates.iter().filter(|template| template.contains("_id}")).collect();
    assert_eq!(
        with_ids,
        ["kb://chunks/{chunk_id}", "allin://posts/{post_id}"],
        "a template with an id is filled in here, as one with a name is"
    );
    let addresses: [fn(Ids, &str) -> String; 3] = [
        |ids, _| format!("allin://posts/{}", ids.post),
        |ids, _| format!("kb://chunks/{}", ids.chunk),
        |_, name| format!("kb://documents/{name}.md"),
    ];
    for address in addresses {
        for (name, ctx) in &callers {
            let mut calls = Vec::new();
            for (ids, named) in [(Ids::nowhere(), "nowhere"), (theirs.ids, theirs.mark), (Ids::nowhere(), "nobody")] {
                recorder.take();
                let read = resources::read(&app, ctx, &address(ids, named)).await;
                calls.push(seen(json!({ "error": read.unwrap_err().public() }), &recorder));
            }
            let what = format!("{} as {name}", address(Ids::nowhere(), "name"));
            alike(&what, &theirs, &calls[1], &calls[2]);
        }
    }
    drop(recorder);
    app.close().await;
}

async fn page(http: &Http, address: String, recorder: &Recorder) -> Seen {
    recorder.take();
    let response = http.client.get(address).send().await.unwrap();
    let status = response.status().as_u16();
    seen(json!({ "status": status, "body": response.text().await.unwrap() }), recorder)
}

#[tokio::test]
async fn pages_answer_foreign_and_unknown_ids_alike() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let http = app.serve().await;
    let recorder = Recorder::start();
    let asked = CalendarGet { page: true, ..CalendarGet::default() };
    let link = app.call_once::<CalendarGet>(&ours.team.connection(&app), asked).await.unwrap().page_url.unwrap();
    // The address was fixed before the server had one.
    let query = link.split_once('?').unwrap().1.to_owned();
    for (name, prefix) in [("account_id", "acc"), ("campaign_id", "cmp")] {
        let mut calls = Vec::new();
        for ids in [Ids::nowhere(), theirs.ids, Ids::nowhere()] {
            let address = http.at(&format!("/calendar?{query}&{name}={}", ids.of(prefix)));
            calls.push(page(&http, address, &recorder).await);
        }
        alike(&format!("the calendar's page with {name}"), &theirs, &calls[1], &calls[2]);
    }
    // Should a link's hash ever lead to what is another workspace's.
    let mut superuser = app.database.superuser().await;
    let mut calls = Vec::new();
    for (number, ids) in [Ids::nowhere(), theirs.ids, Ids::nowhere()].into_iter().enumerate() {
        let token = format!("connect_{number}");
        sqlx::query("insert into token_hashes values (sha256($1::bytea), 'connect', $2, $3)")
            .bind(token.as_bytes())
            .bind(ours.team.workspace.uuid())
            .bind(ids.page.uuid())
            .execute(&mut superuser)
            .await
            .unwrap();
        calls.push(page(&http, http.at(&format!("/connect/{token}")), &recorder).await);
    }
    alike("the page that takes a secret", &theirs, &calls[1], &calls[2]);
    drop(recorder);
    http.stop().await;
    app.close().await;
}

/// A row of a queue that pairs our workspace with somebody else's thing, or nobody's.
struct Queue {
    name: &'static str,
    insert: fn(Ids, target: Uuid) -> String,
}

const QUEUES: [Queue; 4] = [
    Queue {
        name: "dispatch",
        insert: |ids, target| {
            format!(
                "(workspace_id, target_id, account_id, due_at, fence) values ('W', '{target}', '{}', 'D', 1)",
                ids.account.uuid()
            )
        },
    },
    Queue { name: "metric_dispatch", insert: |ids, _| format!("values ('W', '{}', 'D', null, 1)", ids.account.uuid()) },
    Queue { name: "series_due", insert: |ids, _| format!("values ('W', '{}', 'D')", ids.series.uuid()) },
    Queue {
        name: "mail_queue",
        insert: |ids, _| {
            format!(
                "(workspace_id, notification_id, member_id, due_at, created_at) values ('W', '{}', '{}', 'D', 'D')",
                ids.note.uuid(),
                ids.member.uuid()
            )
        },
    },
];

/// What each did, or the code with which it failed.
async fn jobs(app: &TestApp) -> Value {
    let came = |done: Result<usize>| match done {
        Ok(number) => json!(number),
        Err(error) => json!(error.code()),
    };
    json!([
        came(publish_posts::step(&app.app, 50).await),
        came(collect_metrics::step(&app.app, 50).await),
        came(fill_series::step(&app.app).await),
        came(recycle_posts::step(&app.app).await),
        came(mail::send_due(&app.app).await),
        came(keep_house::step(&app.app).await),
    ])
}

#[tokio::test]
async fn jobs_treat_foreign_and_unknown_ids_alike() {
    let (smtp, mailer) = Smtp::start().await;
    let app = TestApp::with(Setup { mail: Some(mailer), ..Setup::default() }).await;
    let [ours, theirs] = two(&app).await;
    let mut superuser = app.database.superuser().await;
    let target: Uuid = sqlx::query_scalar("select target_id from targets where workspace_id = $1 limit 1")
        .bind(theirs.team.workspace.uuid())
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    // Somebody of theirs who has an address and something to be told.
    let member: MemberId = theirs.team.admin;
    let email = MemberEmail { member_id: member, email: Some("zebra@example.com".into()) };
    app.call_once::<MemberEmail>(&theirs.person(&app), email).await.unwrap();
    let recorder = Recorder::start();
    for queue in &QUEUES {
        let mut calls = Vec::new();
        for (ids, target) in
            [(Ids::nowhere(), Uuid::new_v4()), (Ids { member, ..theirs.ids }, target), (Ids::nowhere(), Uuid::new_v4())]
        {
            // Nothing else is due, and everybody's statements are prepared.
            for _ in 0..3 {
                jobs(&app).await;
            }
            let account = if queue.name == "dispatch" { ours.ids.account } else { ids.account };
            let row = (queue.insert)(Ids { account, ..ids }, target)
                .replace("'W'", &format!("'{}'", ours.team.workspace.uuid()))
                .replace("'D'", &format!("'{}'", app.now().plus_secs(-60)));
            let insert = format!("insert into {} {row}", queue.name);
            sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut superuser).await.unwrap();
            let mailed = smtp.taken().len();
            recorder.take();
            let came = jobs(&app).await;
            calls.push(seen(json!({ "came": came, "mailed": smtp.taken().len() - mailed }), &recorder));
            let left = format!("delete from {} where workspace_id = '{}'", queue.name, ours.team.workspace.uuid());
            sqlx::raw_sql(AssertSqlSafe(left)).execute(&mut superuser).await.unwrap();
        }
        alike(&format!("the jobs with a row in {}", queue.name), &theirs, &calls[1], &calls[2]);
    }
    drop(recorder);
    app.close().await;
}
