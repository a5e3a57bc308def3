//! Tasks: who is told, who sees and changes them, and what becomes of those whose member has left.

use allin::{
    app::{
        ctx::Ctx,
        members::change::MemberChange,
        notifications::list::NotificationList,
        posts::{create::PostCreate, delete::PostDelete},
        tasks::{
            TaskView,
            create::TaskCreate,
            list::{TaskList, Tasks},
            update::TaskUpdate,
        },
    },
    ids::{MemberId, TaskId},
    jobs::keep_house,
    model::{roles::Role, tasks::TaskState},
};

use crate::support::{
    TestApp, named,
    people::{Door, Team, draft},
};

fn task(title: &str) -> TaskCreate {
    TaskCreate { title: title.into(), ..TaskCreate::default() }
}

async fn make(app: &TestApp, ctx: &Ctx, input: TaskCreate) -> TaskView {
    app.call_once::<TaskCreate>(ctx, input).await.unwrap().task
}

async fn code(app: &TestApp, ctx: &Ctx, input: TaskUpdate) -> &'static str {
    app.call_once::<TaskUpdate>(ctx, input).await.map_or_else(|error| error.code(), |_| "done")
}

async fn list(app: &TestApp, ctx: &Ctx, input: TaskList) -> Tasks {
    app.call_once::<TaskList>(ctx, input).await.unwrap()
}

async fn titles(app: &TestApp, ctx: &Ctx, input: TaskList) -> Vec<String> {
    list(app, ctx, input).await.tasks.into_iter().map(|task| task.title).collect()
}

/// Codes and titles, newest first.
async fn told(app: &TestApp, ctx: &Ctx) -> Vec<(String, String)> {
    let found = app.call_once::<NotificationList>(ctx, NotificationList::default()).await.unwrap();
    found.notifications.into_iter().map(|one| (one.code, one.title)).collect()
}

async fn member(app: &TestApp, team: &Team, name: &str, role: Role) -> (MemberId, Ctx) {
    let id = app.member_called(team, name, role).await;
    (id, team.ctx(app, id, Door::Stdio))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_made_listed_and_done() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, ctx) = member(&app, &team, "Anna", Role::Contributor).await;
    let admin = team.person(&app);
    let post = app.draft(&ctx, "Fresh bread", &[]).await.id;
    let due = |title: &str, due: &str| TaskCreate { due: Some(due.into()), ..task(title) };
    let picture = TaskCreate {
        note: Some("The one with\nthe oven".into()),
        assignee_id: Some(anna),
        post_id: Some(post),
        ..due("Find a picture", "2026-12-04")
    };
    let picture = make(&app, &admin, picture).await;
    make(&app, &ctx, task("Some day")).await;
    make(&app, &admin, due("Call the mill", "2026-12-02T09:00")).await;
    make(&app, &admin, TaskCreate { assignee_id: Some(anna), ..due("Order flour", "in 3 hours") }).await;
    let all = list(&app, &admin, TaskList::default()).await;
    insta::assert_json_snapshot!(named(&all));
    let order = ["Order flour", "Call the mill", "Find a picture", "Some day"];
    // Page by page, also from what is due to what is not.
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(&app, &admin, TaskList { limit: Some(1), cursor, ..TaskList::default() }).await;
        seen.extend(page.tasks.into_iter().map(|task| task.title));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, order);
    let mine = TaskList { mine: Some(true), ..TaskList::default() };
    assert_eq!(titles(&app, &ctx, mine.clone()).await, ["Order flour", "Find a picture"]);
    let of_anna = TaskList { assignee_id: Some(anna), ..TaskList::default() };
    assert_eq!(titles(&app, &admin, of_anna).await, ["Order flour", "Find a picture"]);
    assert_eq!(titles(&app, &ctx, TaskList { post_id: Some(post), ..TaskList::default() }).await, ["Find a picture"]);
    app.clock.advance_secs(26 * 3600);
    let overdue = TaskList { overdue: Some(true), ..TaskList::default() };
    assert_eq!(titles(&app, &ctx, overdue.clone()).await, ["Order flour", "Call the mill"]);

    let done = TaskUpdate { state: Some(TaskState::Done), ..TaskUpdate::of(picture.id) };
    let done = app.call_once::<TaskUpdate>(&ctx, done).await.unwrap();
    assert_eq!((done.message.as_str(), done.task.version), ("Done: Find a picture.", 2));
    assert_eq!(done.task.closed_at, Some(app.now()));
    assert_eq!(titles(&app, &ctx, mine).await, ["Order flour"]);
    let closed = TaskList { state: Some(TaskState::Done), ..TaskList::default() };
    assert_eq!(titles(&app, &ctx, closed).await, ["Find a picture"]);
    let open = TaskUpdate { state: Some(TaskState::Open), due: Some(String::new()), ..TaskUpdate::of(picture.id) };
    let open = app.call_once::<TaskUpdate>(&ctx, open).await.unwrap().task;
    assert_eq!((open.closed_at, open.due_at, open.state), (None, None, TaskState::Open));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_task_is_told_when_it_comes_is_due_and_is_overdue() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, ctx) = member(&app, &team, "Anna", Role::Publisher).await;
    let admin = team.person(&app);
    let post = app.draft(&admin, "Fresh bread", &[]).await.id;
    let given = TaskCreate {
        assignee_id: Some(anna),
        due: Some("2026-12-04T09:00".into()),
        post_id: Some(post),
        ..task("Find a picture")
    };
    let id = make(&app, &admin, given).await.id;
    let found = app.call_once::<NotificationList>(&ctx, NotificationList::default()).await.unwrap();
    insta::assert_json_snapshot!(named(&found.notifications));
    let codes = async |ctx: &Ctx| told(&app, ctx).await.into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    let remind = async || keep_house::remind(&app).await.unwrap();
    assert_eq!(remind().await, 0, "three days before");
    app.clock.set("2026-12-03T08:00:00Z".parse().unwrap());
    // Two processes at once.
    let (one, other) = tokio::join!(keep_house::remind(&app), keep_house::remind(&app));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!((remind().await, codes(&ctx).await), (0, vec!["task_due_soon".to_owned(), "task_assigned".into()]));
    app.clock.set("2026-12-04T08:00:00Z".parse().unwrap());
    assert_eq!((remind().await, remind().await), (1, 0));
    assert_eq!(told(&app, &ctx).await[0].1, "A task of yours is overdue: Find a picture");

    // Another time is news again, and what is due within a day is told at once.
    let later = TaskUpdate { due: Some("2026-12-06T09:00".into()), ..TaskUpdate::of(id) };
    assert_eq!(code(&app, &ctx, later).await, "done");
    app.clock.set("2026-12-05T12:00:00Z".parse().unwrap());
    assert_eq!((remind().await, remind().await), (1, 0));
    let soon = TaskCreate { assignee_id: Some(anna), due: Some("in 2 hours".into()), ..task("Hurry") };
    make(&app, &admin, soon).await;
    assert_eq!((remind().await, codes(&ctx).await.len()), (0, 5));

    // Nobody's is told to who made it; done, dropped, and of a deleted post to nobody.
    let nobodys = TaskCreate { due: Some("2026-12-10T09:00".into()), ..task("Nobody's") };
    make(&app, &admin, nobodys.clone()).await;
    let dropped = make(&app, &admin, TaskCreate { title: "Dropped".into(), ..nobodys.clone() }).await.id;
    let drop = TaskUpdate { state: Some(TaskState::Dropped), ..TaskUpdate::of(dropped) };
    assert_eq!(code(&app, &admin, drop).await, "done");
    app.call_once::<TaskUpdate>(&ctx, TaskUpdate { due: Some("2026-12-10T09:00".into()), ..TaskUpdate::of(id) })
        .await
        .unwrap();
    app.agreed::<PostDelete>(&admin, PostDelete { post_id: post }).await.unwrap();
    app.clock.set("2026-12-12T08:00:00Z".parse().unwrap());
    assert_eq!((remind().await, remind().await), (2, 0), "Hurry, and Nobody's");
    assert_eq!(
        told(&app, &admin).await,
        [("task_overdue".to_owned(), "A task of yours is overdue: Nobody's".to_owned())]
    );
    assert_eq!(titles(&app, &ctx, TaskList::default()).await, ["Hurry", "Nobody's"]);
    assert_eq!(code(&app, &ctx, TaskUpdate::of(id)).await, "task_not_found", "its post is deleted");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_seen_with_their_post_and_changed_by_few() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (viewer, by_viewer) = member(&app, &team, "Vera", Role::Viewer).await;
    let (author, by_author) = member(&app, &team, "Anna", Role::Contributor).await;
    let (other, by_other) = member(&app, &team, "Otto", Role::Contributor).await;
    let (publisher, by_publisher) = member(&app, &team, "Paul", Role::Publisher).await;
    let post = app.call_once::<PostCreate>(&by_author, draft(&["Bread"], &[])).await.unwrap().post.id;
    let about = |assignee| TaskCreate { post_id: Some(post), assignee_id: Some(assignee), ..task("Check it") };
    for blind in [viewer, other] {
        let error = app.call_once::<TaskCreate>(&by_publisher, about(blind)).await.unwrap_err();
        assert_eq!(error.code(), "assignee_cannot_see_post");
    }
    let unseen = app.call_once::<TaskCreate>(&by_other, TaskCreate { assignee_id: None, ..about(other) }).await;
    assert_eq!(unseen.unwrap_err().code(), "post_not_found");
    let of_post = make(&app, &by_publisher, about(author)).await.id;
    let free = make(&app, &by_publisher, task("Free")).await.id;
    let hers = make(&app, &by_publisher, TaskCreate { assignee_id: Some(viewer), ..task("For Vera") }).await.id;
    for (ctx, seen) in [
        (&by_viewer, vec!["For Vera"]),
        (&by_other, vec!["Free", "For Vera"]),
        (&by_author, vec!["Check it", "Free", "For Vera"]),
        (&by_publisher, vec!["Check it", "Free", "For Vera"]),
    ] {
        assert_eq!(titles(&app, ctx, TaskList::default()).await, seen);
    }
    let done = |id: TaskId| TaskUpdate { state: Some(TaskState::Done), ..TaskUpdate::of(id) };
    let take = |id: TaskId, by| TaskUpdate { assignee_id: Some(by), ..TaskUpdate::of(id) };
    assert_eq!(code(&app, &by_other, done(of_post)).await, "task_not_found");
    assert_eq!(code(&app, &by_viewer, done(free)).await, "task_not_found");
    assert_eq!(code(&app, &by_other, done(free)).await, "task_not_yours");
    let sly = TaskUpdate { title: Some("Mine".into()), ..take(free, other) };
    assert_eq!(code(&app, &by_other, sly).await, "task_not_yours");
    assert_eq!(code(&app, &by_other, take(hers, other)).await, "task_not_yours");
    assert_eq!(code(&app, &by_other, take(free, other)).await, "done");
    assert_eq!(code(&app, &by_author, take(free, author)).await, "task_not_yours", "it is taken");
    assert_eq!(code(&app, &by_other, take(free, publisher)).await, "done", "handed on");
    assert_eq!(told(&app, &by_publisher).await[0].1, "Otto gave you a task: Free");
    assert_eq!(code(&app, &by_viewer, done(hers)).await, "done");
    assert_eq!(code(&app, &by_author, take(of_post, other)).await, "assignee_cannot_see_post");
    let (_, by_manager) = member(&app, &team, "Mia", Role::Manager).await;
    assert_eq!(code(&app, &by_manager, done(of_post)).await, "done");
    let both = TaskUpdate { unassign: Some(true), ..take(free, publisher) };
    assert_eq!(code(&app, &by_publisher, both).await, "assignee_and_unassign");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_member_had_is_nobodys_and_told() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let (anna, _) = member(&app, &team, "Anna", Role::Publisher).await;
    let (_, by_ben) = member(&app, &team, "Ben", Role::Contributor).await;
    let admin = team.person(&app);
    let given = |title: &str| TaskCreate { assignee_id: Some(anna), ..task(title) };
    make(&app, &by_ben, given("Of Ben")).await;
    make(&app, &admin, given("Of the Admin")).await;
    let over = make(&app, &by_ben, given("Over")).await.id;
    app.call_once::<TaskUpdate>(&by_ben, TaskUpdate { state: Some(TaskState::Done), ..TaskUpdate::of(over) })
        .await
        .unwrap();
    let removed = app
        .call_once::<MemberChange>(&admin, MemberChange { member_id: anna, role: None, hand_over_to: None })
        .await
        .unwrap();
    assert_eq!(
        removed.message,
        "Anna is removed; their keys and connections work no more. 2 open task(s) of theirs have nobody now."
    );
    let nobodys = ("task_unassigned".to_owned(), "A task that you made is nobody's any more: Of Ben".to_owned());
    assert_eq!((told(&app, &by_ben).await, told(&app, &admin).await), (vec![nobodys], vec![]), "the Admin did it");
    let all = list(&app, &admin, TaskList::default()).await.tasks;
    assert!(all.iter().all(|task| task.assignee_id.is_none()), "{all:?}");
    let done = list(&app, &admin, TaskList { state: Some(TaskState::Done), ..TaskList::default() }).await.tasks;
    assert_eq!(done[0].assignee.as_deref(), Some("Anna"), "who did it stays known");
    let late = app.call_once::<TaskCreate>(&admin, given("Late")).await.unwrap_err();
    assert_eq!(late.code(), "member_not_found");
    app.close().await;
}

/// Whoever comes first: no open task is left with somebody who is gone, and nobody waits for the other for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_a_task_and_removing_its_member_at_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    for round in 0..15 {
        let (anna, _) = member(&app, &team, "Anna", Role::Publisher).await;
        let had = make(&app, &admin, TaskCreate { assignee_id: Some(anna), ..task(&format!("Had {round}")) }).await.id;
        let free = make(&app, &admin, task(&format!("Free {round}"))).await.id;
        let new = TaskCreate { assignee_id: Some(anna), ..task(&format!("New {round}")) };
        let give = |id| TaskUpdate { assignee_id: Some(anna), note: Some("again".into()), ..TaskUpdate::of(id) };
        let (removed, made, given, kept) = tokio::join!(
            app.call_once::<MemberChange>(&admin, MemberChange { member_id: anna, role: None, hand_over_to: None }),
            app.call_once::<TaskCreate>(&admin, new),
            app.call_once::<TaskUpdate>(&admin, give(free)),
            app.call_once::<TaskUpdate>(&admin, give(had)),
        );
        removed.unwrap();
        for result in [made, given, kept] {
            assert!(result.as_ref().err().is_none_or(|error| error.code() == "member_not_found"), "{result:?}");
        }
        let left = list(&app, &admin, TaskList { limit: Some(100), ..TaskList::default() }).await.tasks;
        assert!(left.iter().all(|task| task.assignee_id != Some(anna)), "{left:?}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_of_one_version_one_wins() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    let id = make(&app, &admin, task("Contested")).await.id;
    let change =
        |version, title: &str| TaskUpdate { version: Some(version), title: Some(title.into()), ..TaskUpdate::of(id) };
    for version in 1..10 {
        let (one, other) =
            tokio::join!(code(&app, &admin, change(version, "One")), code(&app, &admin, change(version, "Other")));
        let mut codes = [one, other];
        codes.sort_unstable();
        assert_eq!(codes, ["done", "version_conflict"]);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_and_hostile_tasks_are_refused_or_made_plain() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = team.person(&app);
    let plain = TaskCreate { note: Some("a\u{1b}[2J\nb".into()), ..task(" Turn\u{202e}\n it\u{7} ") };
    let plain = make(&app, &admin, plain).await;
    assert_eq!((plain.title.as_str(), plain.note.as_str()), ("Turn it", "a[2J\nb"));
    let due = |due: &str| TaskCreate { due: Some(due.into()), ..task("x") };
    for (input, expected) in [
        (task(""), "task_title_invalid"),
        (task("\u{202e}\u{200b}"), "task_title_invalid"),
        (task(&"x".repeat(201)), "task_title_invalid"),
        (TaskCreate { note: Some("x".repeat(5001)), ..task("x") }, "task_note_invalid"),
        (due("2026-11-30"), "due_in_past"),
        (due("2026-12-01T08:59"), "due_in_past"),
        (due("2040-01-01"), "due_too_far"),
        (due("soon"), "time_malformed"),
    ] {
        assert_eq!(app.call_once::<TaskCreate>(&admin, input).await.unwrap_err().code(), expected);
    }
    for (day, spoken) in [("2026-12-01", "Tue 1 Dec"), ("friday", "Fri 4 Dec"), ("tomorrow", "Wed 2 Dec")] {
        let end_of_day = make(&app, &admin, TaskCreate { title: day.into(), ..due(day) }).await.due_local.unwrap();
        assert_eq!(end_of_day, format!("{spoken} 2026, 23:59 (Europe/Berlin)"));
    }
    app.close().await;
}
