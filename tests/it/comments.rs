//! What members say about a post: who is told, who sees it, and what is left when it is deleted.

use allin::{
    app::{
        comments::{
            add::{CommentAdd, CommentAdded, MentionOutcome},
            delete::CommentDelete,
            list::{CommentList, Comments},
        },
        ctx::Ctx,
        members::change::MemberChange,
        notifications::list::NotificationList,
        posts::{create::PostCreate, delete::PostDelete},
    },
    ids::{CommentId, MemberId, PostId},
    model::{notifications::NotificationKind, roles::Role},
};
use sqlx::AssertSqlSafe;

use crate::support::{
    TestApp, named,
    people::{Door, Team, draft},
};

fn comment(post_id: PostId, text: &str) -> CommentAdd {
    CommentAdd { post_id, text: text.into(), reply_to: None }
}

async fn say(app: &TestApp, ctx: &Ctx, post: PostId, text: &str) -> CommentAdded {
    app.call_once::<CommentAdd>(ctx, comment(post, text)).await.unwrap()
}

async fn answer(app: &TestApp, ctx: &Ctx, post: PostId, to: CommentId, text: &str) -> CommentAdded {
    let input = CommentAdd { reply_to: Some(to), ..comment(post, text) };
    app.call_once::<CommentAdd>(ctx, input).await.unwrap()
}

async fn all(app: &TestApp, ctx: &Ctx, post_id: PostId) -> Comments {
    let input = CommentList { post_id, thread: None, limit: None, cursor: None };
    app.call_once::<CommentList>(ctx, input).await.unwrap()
}

/// Kinds and titles, newest first.
async fn told(app: &TestApp, ctx: &Ctx) -> Vec<(NotificationKind, String)> {
    let found = app.call_once::<NotificationList>(ctx, NotificationList::default()).await.unwrap();
    found.notifications.into_iter().map(|one| (one.kind, one.title)).collect()
}

async fn publish(app: &TestApp, team: &Team, post: PostId) {
    let due = app.now().plus_secs(60).to_string();
    app.scheduled_again(&team.person(app), post, &due).await;
    app.clock.advance_secs(60);
    app.publish_due().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_read_and_a_deleted_comment_keeps_its_place() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let anna = team.ctx(&app, app.member_called(&team, "Anna Berg", Role::Publisher).await, Door::CommandLine);
    let post = app.draft(&team.connection(&app), "Fresh bread", &[]).await.id;
    let first = say(&app, &anna, post, "Which bread?\nRye would be good.").await.comment.id;
    app.clock.advance_secs(60);
    let second = answer(&app, &team.connection(&app), post, first, "@Anna Berg: rye it is").await.comment;
    app.clock.advance_secs(60);
    // An answer to an answer joins the thread.
    let third = answer(&app, &anna, post, second.id, "Good").await.comment;
    assert_eq!((second.reply_to, third.reply_to), (Some(first), Some(first)));
    say(&app, &anna, post, "Another thing").await;
    let deleted = app.call_once::<CommentDelete>(&anna, CommentDelete { comment_id: first }).await.unwrap();
    assert_eq!(deleted.message, "The comment is deleted.");
    let found = all(&app, &anna, post).await;
    assert_eq!(found.count, 3);
    insta::assert_json_snapshot!(named(&found));

    let thread = CommentList { post_id: post, thread: Some(first), limit: Some(2), cursor: None };
    let page = app.call_once::<CommentList>(&anna, thread.clone()).await.unwrap();
    let rest = CommentList { cursor: page.next_cursor.clone(), ..thread };
    let rest = app.call_once::<CommentList>(&anna, rest).await.unwrap();
    let ids: Vec<_> = page.comments.iter().chain(&rest.comments).map(|one| one.id).collect();
    assert_eq!((ids, rest.next_cursor), (vec![third.id, second.id, first], None));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_concerned_is_told_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let mut ctxs = Vec::new();
    for (name, role) in [
        ("Anna Berg", Role::Contributor),
        ("Anna Klein", Role::Publisher),
        ("Ben", Role::Publisher),
        ("Vera", Role::Viewer),
    ] {
        let member = app.member_called(&team, name, role).await;
        ctxs.push(team.ctx(&app, member, Door::Stdio));
    }
    let [author, klein, ben, vera] = &ctxs[..] else { panic!("four members") };
    let post = app.call_once::<PostCreate>(author, draft(&["Fresh bread"], &[])).await.unwrap().post.id;
    let text = format!("@Anna look, @\"anna klein\" @Ben @BEN @{} @Vera @Carl", klein.member().unwrap());
    let said = say(&app, ben, post, &text).await;
    let outcomes: Vec<_> =
        said.mentions.iter().map(|one| (one.text.as_str(), one.outcome, one.members.len())).collect();
    assert_eq!(
        outcomes,
        [
            ("@Anna", MentionOutcome::Ambiguous, 2),
            ("@\"anna klein\"", MentionOutcome::Told, 1),
            ("@Ben", MentionOutcome::Yourself, 1),
            (&format!("@{}", klein.member().unwrap()), MentionOutcome::Told, 1),
            ("@Vera", MentionOutcome::CannotSee, 1),
            ("@Carl", MentionOutcome::Unknown, 0),
        ]
    );
    assert_eq!(said.message, "Comment added; 1 mentioned and told.");
    insta::assert_json_snapshot!(named(&said.warnings));
    let mention = (NotificationKind::Mention, "Ben mentioned you in a comment on “Fresh bread”".to_owned());
    let commented = (NotificationKind::Comment, "Ben commented on “Fresh bread”".to_owned());
    assert_eq!(told(&app, klein).await, std::slice::from_ref(&mention));
    assert_eq!(told(&app, author).await, [commented]);
    for other in [ben, vera, &team.person(&app)] {
        assert_eq!(told(&app, other).await, []);
    }

    // Those of the thread are told of an answer, whoever is mentioned only of that.
    answer(&app, author, post, said.comment.id, "@Anna Klein: see above").await;
    let answered = (NotificationKind::Comment, "Anna Berg answered in a comment on “Fresh bread”".to_owned());
    assert_eq!(told(&app, ben).await, [answered]);
    let again = (NotificationKind::Mention, "Anna Berg mentioned you in a comment on “Fresh bread”".to_owned());
    assert_eq!(told(&app, klein).await, [again, mention]);

    // Who has left is nobody's to mention, and is told nothing.
    let gone = MemberChange { member_id: klein.member().unwrap(), role: None, hand_over_to: None };
    app.call_once::<MemberChange>(&team.person(&app), gone).await.unwrap();
    let said = say(&app, ben, post, "@Anna @Anna Klein").await;
    let outcomes: Vec<_> = said.mentions.iter().map(|one| (one.text.as_str(), one.outcome)).collect();
    assert_eq!(outcomes, [("@Anna", MentionOutcome::Told)]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_are_seen_with_their_post_and_deleted_by_few() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let account = app.account(&team, "bakery").await;
    let member = async |role| team.ctx(&app, app.member(&team, role).await, Door::Stdio);
    let (viewer, author) = (member(Role::Viewer).await, member(Role::Contributor).await);
    let (other, publisher) = (member(Role::Contributor).await, member(Role::Publisher).await);
    let post = app.call_once::<PostCreate>(&author, draft(&["Bread"], &[account])).await.unwrap().post.id;
    let id = say(&app, &publisher, post, "Not yet").await.comment.id;
    for ctx in [&viewer, &other] {
        let unseen = [
            app.call_once::<CommentAdd>(ctx, comment(post, "Hello")).await.unwrap_err().code(),
            app.call_once::<CommentList>(ctx, CommentList { post_id: post, thread: None, limit: None, cursor: None })
                .await
                .unwrap_err()
                .code(),
            app.call_once::<CommentDelete>(ctx, CommentDelete { comment_id: id }).await.unwrap_err().code(),
        ];
        assert_eq!(unseen, ["post_not_found", "post_not_found", "comment_not_found"]);
    }
    publish(&app, &team, post).await;
    let own = say(&app, &viewer, post, "Looks good").await.comment.id;
    assert_eq!(all(&app, &viewer, post).await.comments.len(), 2);
    for ctx in [&viewer, &author, &other] {
        let error = app.call_once::<CommentDelete>(ctx, CommentDelete { comment_id: id }).await.unwrap_err();
        assert_eq!(error.code(), "comment_not_yours");
    }
    let manager = member(Role::Manager).await;
    app.call_once::<CommentDelete>(&manager, CommentDelete { comment_id: id }).await.unwrap();
    let found = all(&app, &viewer, post).await.comments;
    assert_eq!((found[1].text.clone(), found[1].deleted_by.as_deref()), (None, Some("A manager")));

    // With the post its comments are gone; one's own words can still be taken back.
    app.agreed::<PostDelete>(&team.person(&app), PostDelete { post_id: post }).await.unwrap();
    let list = CommentList { post_id: post, thread: None, limit: None, cursor: None };
    assert_eq!(app.call_once::<CommentList>(&manager, list).await.unwrap_err().code(), "post_not_found");
    assert_eq!(app.call_once::<CommentAdd>(&manager, comment(post, "x")).await.unwrap_err().code(), "post_not_found");
    let others = app.call_once::<CommentDelete>(&manager, CommentDelete { comment_id: own }).await.unwrap_err();
    assert_eq!(others.code(), "comment_not_found");
    app.call_once::<CommentDelete>(&viewer, CommentDelete { comment_id: own }).await.unwrap();
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_words_are_nowhere() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ben = team.ctx(&app, app.member_called(&team, "Ben", Role::Publisher).await, Door::Stdio);
    let post = app.draft(&team.connection(&app), "Bread", &[]).await.id;
    let said = say(&app, &ben, post, "@Bakery's owner: unspeakable").await;
    assert_eq!(said.mentions[0].outcome, MentionOutcome::Told);
    let keyed = allin::app::use_case::CallOptions { idempotency_key: Some("once".into()), ..Default::default() };
    let second = app.call::<CommentAdd>(&ben, comment(post, "unspeakable too"), keyed.clone()).await.unwrap();
    let second = second.done().unwrap().comment.id;
    let mut superuser = app.database.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let mut places = async || {
        let mut found = Vec::new();
        for table in &tables {
            let sql = format!("select count(*) from {table} t where to_jsonb(t)::text like '%unspeakable%'");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut superuser).await.unwrap();
            if count > 0 {
                found.push((table.clone(), count));
            }
        }
        found
    };
    assert_eq!(places().await, [("post_comments".to_owned(), 2)]);
    for comment_id in [said.comment.id, second] {
        app.call_once::<CommentDelete>(&ben, CommentDelete { comment_id }).await.unwrap();
    }
    assert_eq!(places().await, []);
    // The same words again are a new comment; a repeated call is the same call.
    assert_ne!(say(&app, &ben, post, "@Bakery's owner: unspeakable").await.comment.id, said.comment.id);
    let repeated = app.call::<CommentAdd>(&ben, comment(post, "unspeakable too"), keyed).await.unwrap().done().unwrap();
    assert_eq!((repeated.comment.id, repeated.comment.text), (second, None));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_are_made_plain_or_refused() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let evil = app.member_called(&team, "Eve\u{202e}\u{1b}[31m", Role::Publisher).await;
    let (ctx, eve) = (team.person(&app), team.ctx(&app, evil, Door::Stdio));
    let post = app.draft(&ctx, "Bread \u{202e}\u{7}", &[]).await.id;
    let said = say(&app, &eve, post, "\u{1b}[2Jred\u{202e}der\u{2066}\r\nnext\u{e0041}").await;
    assert_eq!(said.comment.text.as_deref(), Some("[2Jredder\nnext"));
    assert_eq!(said.warnings, ["4 invisible character(s) were left out."]);
    assert_eq!(told(&app, &ctx).await[0].1, "Eve[31m commented on “Bread”");
    let code = async |input: CommentAdd| app.call_once::<CommentAdd>(&ctx, input).await.unwrap_err().code();
    for text in ["", " \n", "\u{202e}\u{200e}\u{0}", &"x".repeat(5001)] {
        assert_eq!(code(comment(post, text)).await, "comment_malformed", "{text:?}");
    }
    assert_eq!(say(&app, &ctx, post, &"ä".repeat(5000)).await.comment.text.unwrap().chars().count(), 5000);
    let hundred: String = (0..100).map(|number| format!("@nobody{number} ")).collect();
    assert_eq!(code(comment(post, &hundred)).await, "too_many_mentions");
    // One name a hundred times is one mention.
    let said = say(&app, &ctx, post, &"@Eve[31m @nobody ".repeat(100)).await;
    assert_eq!(said.mentions.len(), 2);
    let other = app.draft(&ctx, "Cake", &[]).await.id;
    let stray = CommentAdd { reply_to: Some(said.comment.id), ..comment(other, "x") };
    assert_eq!(code(stray).await, "comment_not_found");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_at_once_happens_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let ben: MemberId = app.member_called(&team, "Ben", Role::Publisher).await;
    let (ctx, ben) = (team.person(&app), team.ctx(&app, ben, Door::Stdio));
    let post = app.draft(&ctx, "Bread", &[]).await.id;
    let calls = (0..4).map(|_| app.call_once::<CommentAdd>(&ctx, comment(post, "@Ben: twice?")));
    let made: Vec<_> =
        futures::future::join_all(calls).await.into_iter().map(|done| done.unwrap().comment.id).collect();
    assert!(made.iter().all(|id| *id == made[0]), "{made:?}");
    assert_eq!((all(&app, &ctx, post).await.count, told(&app, &ben).await.len()), (1, 1));
    let deletions = (0..4).map(|_| app.call_once::<CommentDelete>(&ctx, CommentDelete { comment_id: made[0] }));
    let done: Vec<_> =
        futures::future::join_all(deletions).await.into_iter().map(|done| done.unwrap().message).collect();
    assert_eq!(done.iter().filter(|message| *message == "The comment is deleted.").count(), 1, "{done:?}");
    app.close().await;
}
