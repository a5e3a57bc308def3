//! Questions and answers: what is quoted, what a language model may say, who is asked when nobody knows, and what ratings do.

mod conversations;
mod poisoned;
mod rating;
mod written;

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{
            add::KnowledgeAdd,
            ask::{Answered, KnowledgeAsk},
            find::{Wanted, find},
            settle::settle,
        },
        notifications::list::NotificationList,
        tickets::{get::TicketGet, list::TicketList, view::WholeTicket},
    },
    ids::TicketId,
    model::{answers::AnswerKind, notifications::NotificationKind, roles::Role},
};

use crate::support::{
    TestApp, named,
    people::{Door, Team},
};

/// What the workspace knows in most tests.
pub const HANDBOOK: &str = "# Cakes\n\n## Returning a damaged cake\n\nA damaged cake is replaced within two days when a photo of it is \
    sent to cakes@example.com. Whole cakes are not taken back.\n\n## Ordering a wedding cake\n\nTo order a wedding cake, do this:\n\n\
    1. Choose a filling\n2. Pay 50 euros\n3. Wait for the call\n\nWedding cakes take three weeks.\n";

pub async fn know(app: &TestApp, ctx: &Ctx, path: &str, text: &str, audience: Option<Vec<Role>>) {
    let input = KnowledgeAdd { text: Some(text.into()), path: Some(path.into()), audience, ..KnowledgeAdd::default() };
    app.call_once::<KnowledgeAdd>(ctx, input).await.unwrap();
    settle(app, ctx, |_| ()).await.unwrap();
}

pub fn question(text: &str) -> KnowledgeAsk {
    KnowledgeAsk { question: text.into(), ..KnowledgeAsk::default() }
}

pub async fn ask(app: &TestApp, ctx: &Ctx, text: &str) -> Answered {
    app.call_once::<KnowledgeAsk>(ctx, question(text)).await.unwrap()
}

pub async fn member(app: &TestApp, team: &Team, name: &str, role: Role) -> Ctx {
    team.ctx(app, app.member_called(team, name, role).await, Door::Stdio)
}

pub async fn ticket(app: &TestApp, ctx: &Ctx, ticket_id: TicketId) -> WholeTicket {
    app.call_once::<TicketGet>(ctx, TicketGet { ticket_id }).await.unwrap()
}

pub async fn tickets(app: &TestApp, ctx: &Ctx) -> usize {
    app.call_once::<TicketList>(ctx, TicketList::default()).await.unwrap().tickets.len()
}

/// Titles of what was told of tickets, newest first.
pub async fn told(app: &TestApp, ctx: &Ctx) -> Vec<String> {
    let found = app.call_once::<NotificationList>(ctx, NotificationList::default()).await.unwrap();
    let tickets = found.notifications.into_iter().filter(|one| one.kind == NotificationKind::Ticket);
    tickets.map(|one| one.title).collect()
}

/// Nothing in the documents comes near it.
pub const OUT_OF_SCOPE: &str = "Which chess grandmaster invented the Najdorf variation?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documents_are_quoted_with_their_sources() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    know(&app, &ctx, "cakes.md", HANDBOOK, None).await;
    let answered = ask(&app, &ctx, "How do I return a damaged cake?").await;
    assert_eq!((answered.kind, answered.escalate_to_human, answered.ticket), (AnswerKind::Extract, false, None));
    insta::assert_json_snapshot!("quoted", named(&answered), { ".confidence" => "[confidence]" });
    // The list comes with what announces it; the words around it are those of the asker's language.
    let ordered = ask(&app, &ctx, "How to order a wedding cake?").await;
    assert!(
        ordered.answer.contains("1. Choose a filling\n2. Pay 50 euros\n3. Wait for the call"),
        "{}",
        ordered.answer
    );
    let german = KnowledgeAsk { language: Some("de".into()), ..question("How do I return a damaged cake?") };
    let german = app.call_once::<KnowledgeAsk>(&ctx, german).await.unwrap();
    assert!(german.answer.starts_with("Aus den Dokumenten:\n\n"), "{}", german.answer);
    app.close().await;
}

/// Limits of other networks come near, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_answers_by_itself_is_quoted() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ctx = team.connection(&app);
    let asked = "How many characters may a post on X have?";
    let answered = ask(&app, &ctx, asked).await;
    let wanted = Wanted { query: asked.into(), k: 6, ..Wanted::default() };
    let found = find(&app, &ctx, &wanted).await.unwrap();
    let score = |chunk| found.hits.iter().find(|hit| hit.chunk == chunk).map(|hit| hit.score).unwrap();
    assert!(found.hits[5].score < found.threshold, "{found:#?}");
    assert!(!answered.sources.is_empty());
    assert!(answered.sources.iter().all(|source| score(source.chunk_id) >= found.threshold), "{answered:#?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_wrote_down_goes_to_a_person_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    know(&app, &admin, "cakes.md", HANDBOOK, None).await;
    let (anna, ben) =
        (member(&app, &team, "Anna", Role::Viewer).await, member(&app, &team, "Ben", Role::Manager).await);
    let carl = member(&app, &team, "Carl", Role::Publisher).await;
    let first = ask(&app, &anna, OUT_OF_SCOPE).await;
    assert_eq!(first.answer, "The documents do not answer this. A person has been asked.");
    assert_eq!((first.kind, first.escalate_to_human, first.sources.len()), (AnswerKind::None, true, 0));
    let id = first.ticket.unwrap();
    // The same question within a day joins, in another conversation and with other letters, too.
    app.clock.advance_secs(23 * 3600);
    assert_eq!(ask(&app, &anna, &format!("  {}", OUT_OF_SCOPE.to_uppercase())).await.ticket, Some(id));
    // Somebody else's is another.
    assert_ne!(ask(&app, &carl, OUT_OF_SCOPE).await.ticket, Some(id));
    app.clock.advance_secs(3 * 3600);
    assert_ne!(ask(&app, &anna, OUT_OF_SCOPE).await.ticket, Some(id));

    let asked = "Anna asks something that the documents do not answer".to_owned();
    let by_carl = "Carl asks something that the documents do not answer".to_owned();
    for ctx in [&ben, &admin] {
        assert_eq!(told(&app, ctx).await, [asked.clone(), by_carl.clone(), asked.clone()]);
    }
    for ctx in [&anna, &carl] {
        assert_eq!(told(&app, ctx).await, Vec::<String>::new());
    }
    let whole = ticket(&app, &ben, id).await;
    assert_eq!(whole.ticket.subject, OUT_OF_SCOPE);
    assert_eq!(whole.messages.len(), 1);
    assert_eq!((tickets(&app, &ben).await, tickets(&app, &anna).await, tickets(&app, &carl).await), (3, 2, 1));

    // At once it is once, too.
    let again = format!("{OUT_OF_SCOPE} And when?");
    let calls = (0..6).map(|_| ask(&app, &carl, &again));
    let all: Vec<_> = futures::future::join_all(calls).await.into_iter().map(|answered| answered.ticket).collect();
    assert!(all[0].is_some() && all.iter().all(|one| *one == all[0]), "{all:?}");

    // The only one who could answer is not told that somebody was asked.
    let alone = app.team("Alone").await;
    let answered = ask(&app, &alone.connection(&app), OUT_OF_SCOPE).await;
    assert_eq!(answered.answer, "The documents do not answer this.");
    assert!(answered.note.unwrap().contains("nobody else here who answers tickets"));
    assert!(answered.ticket.is_some());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_made_of_what_is_for_the_role() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.connection(&app);
    let secret = "# The secret ingredient\n\nThe secret ingredient of the poppy roll is roasted barley malt.\n";
    know(&app, &admin, "secret.md", secret, Some(vec![Role::Manager, Role::Admin])).await;
    let viewer = member(&app, &team, "Vera", Role::Viewer).await;
    let text = "What is the secret ingredient of the poppy roll?";
    let known = ask(&app, &admin, text).await;
    assert!(known.answer.contains("roasted barley malt"), "{known:?}");
    for answered in [
        ask(&app, &viewer, text).await,
        app.call_once::<KnowledgeAsk>(&admin, KnowledgeAsk { user_role: Some(Role::Viewer), ..question(text) })
            .await
            .unwrap(),
    ] {
        assert!(!serde_json::to_string(&answered).unwrap().contains("barley"), "{answered:?}");
        assert!(answered.sources.iter().all(|source| source.path != "secret.md"));
    }
    let above = KnowledgeAsk { user_role: Some(Role::Manager), ..question(text) };
    assert_eq!(app.call_once::<KnowledgeAsk>(&viewer, above).await.unwrap_err().code(), "role_too_high");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_input_is_refused_plainly() {
    let app = TestApp::start().await;
    let ctx = app.team("Bakery").await.connection(&app);
    let code = async |input: KnowledgeAsk| app.call_once::<KnowledgeAsk>(&ctx, input).await.unwrap_err().code();
    for text in ["", " \n", "\u{200b}", &"x".repeat(2001)] {
        assert_eq!(code(question(text)).await, "question_malformed", "{text:?}");
    }
    let long = KnowledgeAsk { feature_context: Some("x".repeat(2001)), ..question("Why?") };
    assert_eq!(code(long).await, "context_too_long");
    let klingon = KnowledgeAsk { language: Some("klingon".into()), ..question("Why?") };
    assert_eq!(code(klingon).await, "language_unknown");
    app.close().await;
}
