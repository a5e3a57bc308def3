//! Tickets: who sees them, who answers, who is told, and what becomes of the answer.

use allin::{
    app::{
        ctx::Ctx,
        knowledge::settle::settle,
        tickets::{
            answer::TicketAnswer, assign::TicketAssign, close::TicketClose, document::TicketDocument, get::TicketGet,
            list::TicketList, open::TicketOpen, view::TicketChanged,
        },
    },
    error::Error,
    ids::TicketId,
    model::{answers::AnswerKind, roles::Role, tickets::TicketState},
};
use sqlx::AssertSqlSafe;

use crate::{
    answers::{HANDBOOK, OUT_OF_SCOPE, ask, know, member, ticket, tickets, told},
    support::{TestApp, named},
};

async fn write(app: &TestApp, ctx: &Ctx, ticket_id: TicketId, text: &str) -> Result<TicketChanged, Error> {
    app.call_once::<TicketAnswer>(ctx, TicketAnswer { ticket_id, text: text.into(), version: None }).await
}

async fn close(app: &TestApp, ctx: &Ctx, ticket_id: TicketId) -> Result<TicketChanged, Error> {
    app.call_once::<TicketClose>(ctx, TicketClose { ticket_id, version: None }).await
}

fn document(ticket_id: TicketId) -> TicketDocument {
    TicketDocument { ticket_id, text: None, title: None, category: None, audience: None, version: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_answered_asked_on_and_closed() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, ben) =
        (member(&app, &team, "Anna", Role::Viewer).await, member(&app, &team, "Ben", Role::Manager).await);
    let id = ask(&app, &anna, OUT_OF_SCOPE).await.ticket.unwrap();
    app.clock.advance_secs(60);
    let changed = write(&app, &ben, id, "Miguel Najdorf did.").await.unwrap();
    assert_eq!((changed.ticket.state, changed.ticket.version), (TicketState::Answered, 2));
    assert_eq!(told(&app, &anna).await, ["Ben answered your question"]);
    // Who asks on opens it again, and those who answer are told.
    app.clock.advance_secs(60);
    let changed = write(&app, &anna, id, "When?").await.unwrap();
    assert_eq!(changed.ticket.state, TicketState::Open);
    assert_eq!(told(&app, &ben).await[0], "Anna wrote to a ticket");
    let assign = TicketAssign { ticket_id: id, assignee_id: Some(team.admin), version: Some(3) };
    let changed = app.call_once::<TicketAssign>(&ben, assign).await.unwrap();
    assert_eq!(changed.ticket.assignee_id, Some(team.admin));
    assert_eq!(told(&app, &team.connection(&app)).await[0], "Ben gave you a ticket");
    // Now only the one who takes care of it is told.
    let before = told(&app, &ben).await.len();
    app.clock.advance_secs(60);
    write(&app, &anna, id, "It is urgent.").await.unwrap();
    assert_eq!(told(&app, &ben).await.len(), before);
    close(&app, &ben, id).await.unwrap();
    assert_eq!(told(&app, &anna).await[0], "Ben closed your ticket");
    assert_eq!(close(&app, &anna, id).await.unwrap().message, "The ticket was closed before.");
    assert_eq!((tickets(&app, &ben).await, tickets(&app, &anna).await), (0, 0));
    let closed = TicketList { state: Some(TicketState::Closed), ..TicketList::default() };
    assert_eq!(app.call_once::<TicketList>(&anna, closed).await.unwrap().tickets.len(), 1);
    insta::assert_json_snapshot!("whole", named(&ticket(&app, &ben, id).await), { ".**.confidence" => "[confidence]" });
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_seen_by_their_member_and_those_who_answer() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let anna = member(&app, &team, "Anna", Role::Viewer).await;
    let id = ask(&app, &anna, OUT_OF_SCOPE).await.ticket.unwrap();
    for role in [Role::Viewer, Role::Contributor, Role::Publisher] {
        let other = member(&app, &team, role.as_str(), role).await;
        let codes = [
            app.call_once::<TicketGet>(&other, TicketGet { ticket_id: id }).await.unwrap_err().code(),
            write(&app, &other, id, "x").await.unwrap_err().code(),
            close(&app, &other, id).await.unwrap_err().code(),
        ];
        assert_eq!(codes, ["ticket_not_found"; 3], "{role:?}");
        let assign = TicketAssign { ticket_id: id, assignee_id: None, version: None };
        assert_eq!(app.call_once::<TicketAssign>(&other, assign).await.unwrap_err().code(), "role_too_low");
        let made = app.call_once::<TicketDocument>(&other, document(id)).await.unwrap_err();
        assert_eq!((made.code(), tickets(&app, &other).await), ("role_too_low", 0));
    }
    let ben = member(&app, &team, "Ben", Role::Manager).await;
    let stale = TicketAnswer { ticket_id: id, text: "x".into(), version: Some(7) };
    assert_eq!(app.call_once::<TicketAnswer>(&ben, stale).await.unwrap_err().code(), "version_conflict");
    let viewer = TicketAssign { ticket_id: id, assignee_id: anna.member(), version: None };
    assert_eq!(app.call_once::<TicketAssign>(&ben, viewer).await.unwrap_err().code(), "assignee_cannot_answer");
    for text in ["", " \u{200b}", &"x".repeat(10_001)] {
        assert_eq!(write(&app, &ben, id, text).await.unwrap_err().code(), "ticket_text_invalid");
    }
    // Of those who answer at once each is heard.
    let calls = (0..4).map(|number| {
        let (app, ben, text) = (&app, &ben, format!("Answer {number}"));
        async move { write(app, ben, id, &text).await.map(|changed| changed.ticket.version) }
    });
    let mut versions: Vec<_> =
        futures::future::join_all(calls).await.into_iter().map(|version| version.unwrap()).collect();
    versions.sort_unstable();
    assert_eq!((versions, ticket(&app, &anna, id).await.messages.len()), (vec![2, 3, 4, 5], 5));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_did_not_help_is_handed_on_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    know(&app, &admin, "cakes.md", HANDBOOK, None).await;
    let anna = member(&app, &team, "Anna", Role::Viewer).await;
    let answered = ask(&app, &anna, "How do I return a damaged cake?").await;
    assert_eq!(answered.kind, AnswerKind::Extract);
    let open = TicketOpen { answer_id: answered.answer_id, text: Some("By post or in person?".into()) };
    let opened = app.call_once::<TicketOpen>(&anna, open.clone()).await.unwrap();
    assert_eq!(opened.message, "Ticket opened: those who can answer are told.");
    let whole = ticket(&app, &admin, opened.ticket.id).await;
    let texts: Vec<_> = whole.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["How do I return a damaged cake?", "By post or in person?"]);
    assert!(whole.conversation[0].answer.as_deref().unwrap().contains("within two days"));
    // Asked on after an answer, it is the same ticket, and open again.
    write(&app, &admin, opened.ticket.id, "By post.").await.unwrap();
    app.clock.advance_secs(3600);
    let more = TicketOpen { text: Some("To which address?".into()), ..open };
    let again = app.call_once::<TicketOpen>(&anna, more).await.unwrap();
    assert_eq!((again.ticket.id, again.ticket.state), (opened.ticket.id, TicketState::Open));
    let others = TicketOpen { answer_id: answered.answer_id, text: None };
    assert_eq!(app.call_once::<TicketOpen>(&admin, others).await.unwrap_err().code(), "answer_not_found");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_becomes_a_document_that_answers_the_next_one() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (admin, anna) = (team.connection(&app), member(&app, &team, "Anna", Role::Viewer).await);
    let id = ask(&app, &anna, OUT_OF_SCOPE).await.ticket.unwrap();
    let early = app.call_once::<TicketDocument>(&admin, document(id)).await.unwrap_err();
    assert_eq!(early.code(), "ticket_unanswered");
    write(&app, &admin, id, "The Najdorf variation was invented by grandmaster Miguel Najdorf.").await.unwrap();
    let hidden = TicketDocument { audience: Some(vec![Role::Viewer]), ..document(id) };
    assert_eq!(app.call_once::<TicketDocument>(&admin, hidden).await.unwrap_err().code(), "audience_without_you");
    let made = app.call_once::<TicketDocument>(&admin, document(id)).await.unwrap();
    assert!(made.message.starts_with("tickets/which-chess-grandmaster-invented-the-najdorf"), "{}", made.message);
    settle(&app, &admin, |_| ()).await.unwrap();
    app.clock.advance_secs(2 * 24 * 3600);
    let answered = ask(&app, &anna, OUT_OF_SCOPE).await;
    assert_eq!(answered.kind, AnswerKind::Extract, "{answered:?}");
    assert!(answered.answer.contains("invented by grandmaster Miguel Najdorf"), "{}", answered.answer);
    assert_eq!(Some(answered.sources[0].document_id), made.ticket.document_id);
    // Again: the same document, with other words and for fewer.
    let other = TicketDocument {
        text: Some("Nobody invented it.".into()),
        audience: Some(vec![Role::Manager, Role::Admin]),
        ..document(id)
    };
    let again = app.call_once::<TicketDocument>(&admin, other).await.unwrap();
    assert_eq!(again.ticket.document_id, made.ticket.document_id);
    settle(&app, &admin, |_| ()).await.unwrap();
    app.clock.advance_secs(2 * 24 * 3600);
    assert_eq!(ask(&app, &anna, OUT_OF_SCOPE).await.kind, AnswerKind::None);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_in_the_ticket_alone() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, ben) =
        (member(&app, &team, "Anna", Role::Viewer).await, member(&app, &team, "Ben", Role::Manager).await);
    let id = ask(&app, &anna, "What is unspeakable in the depths of Zzyzx?").await.ticket.unwrap();
    write(&app, &ben, id, "Nothing unspeakable.").await.unwrap();
    let mut superuser = app.database.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in &tables {
        let sql = format!("select count(*) from {table} t where to_jsonb(t)::text like '%unspeakable%'");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut superuser).await.unwrap();
        if count > 0 {
            found.push((table.as_str(), count));
        }
    }
    assert_eq!(found, [("answers", 1), ("ticket_messages", 2), ("tickets", 1)]);
    app.close().await;
}
