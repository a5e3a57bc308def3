//! Erasing a person: not a trace of name, address and words in any table, and every proof still holds.

use allin::{
    app::{
        approvals::{
            decide::ApprovalDecide,
            get::ApprovalGet,
            list::ApprovalList,
            policy_set::ApprovalPolicySet,
            reviewers::{ReviewerAdd, ReviewerRemove},
        },
        audit::verify,
        comments::add::CommentAdd,
        ctx::{Actor, Ctx},
        knowledge::{ask::KnowledgeAsk, rate::KnowledgeRate},
        members::{email::MemberEmail, invite::MemberInvite},
        pauses::{resume::PublishingResume, start::PublishingPause},
        people::proof,
        posts::create::PostCreate,
        privacy::{
            erase_person::{PersonErase, PersonErased},
            erase_reviewer::ReviewerErase,
        },
        receipts::{
            check::{check, public_key},
            get::ReceiptGet,
        },
        tasks::{create::TaskCreate, update::TaskUpdate},
        tickets::answer::TicketAnswer,
        use_case::{CallOptions, Reply},
        workspaces::create,
    },
    error::Result,
    ids::{MemberId, PersonId, PostId},
    jobs::keep_house,
    model::{approvals::Verdict, roles::Role, states::TargetState, tasks::TaskState},
    platform,
    store::db::{Db, Entrance},
};
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use serde_json::Value;

use super::{count, where_it_stands};
use crate::{
    approvals::{policy, role_step},
    support::{
        TestApp,
        people::{Door, PASSPHRASE, Team, draft},
    },
};

const NAME: &str = "Quasimodo O'Hara (QA)";
const ADDRESS: &str = "quasimodo@example.com";

fn erase(member: MemberId) -> PersonErase {
    PersonErase { member_id: Some(member), hand_over_to: None }
}

async fn erased(app: &TestApp, ctx: &Ctx, member: MemberId) -> Result<PersonErased> {
    app.agreed::<PersonErase>(ctx, erase(member)).await
}

/// Somebody with words, an address and decisions everywhere.
struct Stage {
    app: TestApp,
    team: Team,
    somebody: MemberId,
    /// Public, approved by them.
    public: PostId,
    /// Due in an hour, approved by them.
    due: PostId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        app.set_pages_url("http://127.0.0.1:1/".parse().unwrap());
        let team = app.team("Bakery").await;
        let account = app.account(&team, "bakery").await;
        let somebody = app.member_called(&team, NAME, Role::Manager).await;
        let admin = team.person(&app);
        // Before it was known that the address is a member's.
        let invite = MemberInvite {
            name: NAME.into(),
            role: Role::Viewer,
            email: Some(ADDRESS.to_uppercase()),
            account_ids: vec![],
            expires_in_days: None,
        };
        app.call_once::<MemberInvite>(&admin, invite).await.unwrap();
        let address = MemberEmail { member_id: somebody, email: Some(ADDRESS.into()) };
        app.call_once::<MemberEmail>(&admin, address).await.unwrap();
        let proven = app.proven(&team, somebody).await;
        let by_admin = app.proven(&team, team.admin).await;
        app.call_once::<ApprovalPolicySet>(&by_admin, policy(vec![role_step(Role::Manager)])).await.unwrap();
        let mut posts = Vec::new();
        for (text, at) in [("Public", "2026-12-01T09:30"), ("Due", "2026-12-01T10:30")] {
            let post = app.scheduled(&admin, text, &[account], at).await.id;
            posts.push(post);
            approve(&app, &admin, &proven, post).await;
        }
        app.clock.advance_secs(1800);
        app.publish_due().await;
        let own = team.ctx(&app, somebody, Door::CommandLine);
        let draft = app.call_once::<PostCreate>(&own, draft(&["A draft"], &[account])).await.unwrap().post.id;
        let say = |text: &str| CommentAdd { post_id: draft, text: text.into(), reply_to: None };
        app.call_once::<CommentAdd>(&own, say("Words of Quasimodo")).await.unwrap();
        app.call_once::<CommentAdd>(&admin, say(&format!("@\"{NAME}\" is that right?"))).await.unwrap();
        let task = TaskCreate { title: "Call Quasimodo's aunt".into(), ..TaskCreate::default() };
        let task = app.call_once::<TaskCreate>(&own, task).await.unwrap().task.id;
        let done = TaskUpdate { state: Some(TaskState::Done), ..TaskUpdate::of(task) };
        app.call_once::<TaskUpdate>(&own, done).await.unwrap();
        let given = TaskCreate {
            title: format!("Ask {NAME} for pictures"),
            assignee_id: Some(somebody),
            ..TaskCreate::default()
        };
        app.call_once::<TaskCreate>(&admin, given).await.unwrap();
        let pause =
            PublishingPause { reason: "Quasimodo is ill".into(), account_id: None, campaign_id: None, tag: None };
        app.call_once::<PublishingPause>(&own, pause).await.unwrap();
        assert!(app.agreed_if_asked::<PublishingResume>(&own, PublishingResume::default()).await);
        let mut superuser = app.database.superuser().await;
        for sql in [
            "insert into incidents select $1, $2, 'Quasimodo did it', $3, $4 || '/claude', $3, null, $2, $3",
            "insert into incident_notes select $1, gen_random_uuid(), $2, 'Quasimodo called', $4, $3",
        ] {
            let note = sqlx::query(sql).bind(team.workspace.uuid()).bind(somebody.uuid()).bind(app.now());
            note.bind(somebody.to_string()).execute(&mut superuser).await.unwrap();
        }
        asking(&app, &own, &admin).await;
        keep_house::step(&app).await.unwrap();
        Self { app, team, somebody, public: posts[0], due: posts[1] }
    }
}

/// Questions, ratings and tickets, of theirs and about them.
async fn asking(app: &TestApp, own: &Ctx, admin: &Ctx) {
    let question = |text: String| KnowledgeAsk { question: text, ..KnowledgeAsk::default() };
    let asked = question("Which bell does Quasimodo ring at Xyzzy tower?".into());
    let asked = app.call_once::<KnowledgeAsk>(own, asked).await.unwrap();
    assert!(asked.ticket.is_some(), "{asked:?}");
    let rating =
        KnowledgeRate { answer_id: asked.answer_id, helpful: false, comment: Some("Quasimodo knows better".into()) };
    app.call_once::<KnowledgeRate>(own, rating).await.unwrap();
    let about = question(format!("Where did {NAME} hide the Xyzzy?"));
    let about = app.call_once::<KnowledgeAsk>(admin, about).await.unwrap();
    let answer = TicketAnswer { ticket_id: about.ticket.unwrap(), text: "Quasimodo hid it well".into(), version: None };
    app.call_once::<TicketAnswer>(own, answer).await.unwrap();
}

async fn approve(app: &TestApp, admin: &Ctx, by: &Ctx, post: PostId) {
    let waiting = ApprovalList { post_id: Some(post), ..ApprovalList::default() };
    let id = app.call_once::<ApprovalList>(admin, waiting).await.unwrap().approvals[0].id;
    let digest = app.call_once::<ApprovalGet>(admin, ApprovalGet { approval_id: id }).await.unwrap().approval.digest;
    let decision = ApprovalDecide {
        approval_id: id,
        verdict: Verdict::Approve,
        comment: Some("Quasimodo agrees".into()),
        digest,
        link_id: None,
    };
    app.call_once::<ApprovalDecide>(by, decision).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_person_is_nowhere_and_every_proof_holds() {
    let stage = Stage::set().await;
    let (app, team) = (&stage.app, &stage.team);
    let mut superuser = app.database.superuser().await;
    let before = where_it_stands(&mut superuser, "Quasimodo").await;
    assert!(before.len() >= 8, "there is something to erase: {before:?}");
    let admin = app.proven(team, team.admin).await;
    let receipt = ReceiptGet { post_id: stage.public };
    let receipt =
        serde_json::to_string(&app.call_once::<ReceiptGet>(&team.person(app), receipt).await.unwrap()).unwrap();
    let Reply::Ask(asked) =
        app.call::<PersonErase>(&admin, erase(stage.somebody), CallOptions::default()).await.unwrap()
    else {
        panic!("it asks")
    };
    assert!(asked.question.text.contains("1 comment(s) and 1 closed task(s)"), "{}", asked.question.text);
    let options = CallOptions { confirmation: Some(asked.state), ..CallOptions::default() };
    let done = app.call::<PersonErase>(&admin, erase(stage.somebody), options).await.unwrap().done().unwrap();
    assert!(done.openings > 0 && done.stopped.is_some(), "{done:?}");

    for needle in ["Quasimodo", "quasimodo", "QUASIMODO"] {
        assert_eq!(where_it_stands(&mut superuser, needle).await, Vec::<String>::new(), "{needle}");
    }
    // The log, with the erasure in it, and the receipt from before.
    keep_house::step(app).await.unwrap();
    let verified = verify::verify(&app.app, team.workspace).await.unwrap();
    assert_eq!(verified.broken, Vec::<Value>::new());
    assert!(verified.entries > 20, "{}", verified.entries);
    let key = HEXLOWER.encode(app.vault.audit_key().as_bytes());
    check(&receipt, &public_key(&key).unwrap()).unwrap();
    // The decision stands without its comment, and its signature is checked before the post is sent.
    let decided =
        count(app, "select count(*) from approval_decisions where verdict = 'approve' and comment is null").await;
    assert_eq!(decided, 2);
    app.clock.advance_secs(3600);
    app.publish_due().await;
    let post = app.post(&team.person(app), stage.due).await;
    assert_eq!(post.targets[0].status, TargetState::Published, "{post:?}");
    // The key is useless, and the links that were made for the address are over.
    let entered = proof::prove(app, team.workspace, stage.somebody, SecretString::from(PASSPHRASE)).await;
    assert_eq!(entered.unwrap_err().code(), "access_ended");
    assert_eq!(count(app, "select count(*) from invitations").await, 0);
    let again = erased(app, &admin, stage.somebody).await.unwrap();
    assert!(again.stopped.is_none(), "somebody who has left can be erased, twice too");
    stage.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_other_workspaces_keeps_what_is_there() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let somebody = app.member_called(&team, NAME, Role::Manager).await;
    let address = MemberEmail { member_id: somebody, email: Some(ADDRESS.into()) };
    app.call_once::<MemberEmail>(&team.person(&app), address).await.unwrap();
    app.proven(&team, somebody).await;
    let person: uuid::Uuid = sqlx::query_scalar("select person_id from members where member_id = $1")
        .bind(somebody.uuid())
        .fetch_one(&mut app.database.superuser().await)
        .await
        .unwrap();
    let own = create::create(&app.app, "Own", "Europe/Berlin", NAME, Some(PersonId(person))).await.unwrap();
    let admin = app.proven(&team, team.admin).await;
    erased(&app, &admin, somebody).await.unwrap();
    let elsewhere = Team { workspace: own.workspace, admin: own.member };
    // Same person, same passphrase, same address, there.
    let actor = proof::prove(&app, own.workspace, own.member, SecretString::from(PASSPHRASE)).await.unwrap();
    assert!(matches!(actor, Actor::Proven { .. }));
    let mut superuser = app.database.superuser().await;
    let mut stands = where_it_stands(&mut superuser, "Quasimodo").await;
    stands.sort();
    assert_eq!(stands, ["members: 1", "persons: 1"]);
    let linked =
        "select count(*) from members a join members b using (person_id) where a.workspace_id <> b.workspace_id";
    assert_eq!(count(&app, linked).await, 0, "nothing leads from here to there");
    assert_eq!(
        app.call_once::<allin::app::members::list::MemberList>(&elsewhere.person(&app), Default::default())
            .await
            .unwrap()
            .members
            .len(),
        1
    );
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_takes_the_person_or_an_admin_and_a_proof() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let kim = app.member_called(&team, "Kim", Role::Publisher).await;
    let lee = app.member_called(&team, "Lee", Role::Manager).await;
    let unproved = team.person(&app);
    assert_eq!(erased(&app, &unproved, kim).await.unwrap_err().code(), "proof_needed");
    let manager = app.proven(&team, lee).await;
    assert_eq!(erased(&app, &manager, kim).await.unwrap_err().code(), "data_not_yours");
    let admin = app.proven(&team, team.admin).await;
    assert_eq!(erased(&app, &admin, team.admin).await.unwrap_err().code(), "last_admin");
    let own = app.proven(&team, kim).await;
    app.agreed::<PersonErase>(&own, PersonErase { member_id: None, hand_over_to: Some(lee) }).await.unwrap();
    let told = count(&app, "select count(*) from notifications where code = 'member_erased'").await;
    assert_eq!(told, 1, "the Admin");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_outside_is_erased_once_removed() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let admin = app.proven(&team, team.admin).await;
    let input = ReviewerAdd { name: NAME.into(), email: ADDRESS.into() };
    let reviewer_id = app.call_once::<ReviewerAdd>(&admin, input).await.unwrap().reviewer.id;
    let early = app.agreed::<ReviewerErase>(&admin, ReviewerErase { reviewer_id }).await.unwrap_err();
    assert_eq!(early.code(), "reviewer_present");
    app.call_once::<ReviewerRemove>(&admin, ReviewerRemove { reviewer_id }).await.unwrap();
    app.agreed::<ReviewerErase>(&admin, ReviewerErase { reviewer_id }).await.unwrap();
    let mut superuser = app.database.superuser().await;
    assert_eq!(where_it_stands(&mut superuser, "uasimodo").await, Vec::<String>::new());
    app.close().await;
}

/// The guarantees of approvals are as strong as before: nobody gets further than blanking words, and that only as the role
/// of proven persons.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_lets_nobody_change_a_decision_by_way_of_erasing() {
    let stage = Stage::set().await;
    let (app, workspace) = (&stage.app, stage.team.workspace);
    let attempts = [
        "select person_words_erase($1, $2, null, null)",
        "select person_erase($1, $2, gen_random_uuid(), now())",
        "select reviewer_erase($1, $2)",
        "select workspace_erase($1, 'ws', now()) where $2 is not null",
        "update approval_decisions set comment = null where workspace_id = $1 and member_id = $2",
        "update approval_decisions set verdict = 'reject' where workspace_id = $1 and member_id = $2",
        "delete from approval_decisions where workspace_id = $1 and member_id = $2",
    ];
    let app_role = Db::connect(app.database.options(platform::Role::App), 1).await.unwrap();
    for sql in attempts {
        let (mut tx, _) = app_role.tenant(workspace, Entrance::System, app.now()).await.unwrap();
        let refused =
            sqlx::query(sql).bind(workspace.uuid()).bind(stage.somebody.uuid()).execute(&mut *tx).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "{sql}");
    }
    // The decider: nothing but these functions, and they reach the entered workspace only.
    let decider = Db::connect(app.database.options(platform::Role::Decider), 1).await.unwrap();
    for sql in &attempts[4..] {
        let (mut tx, _) = decider.tenant(workspace, Entrance::System, app.now()).await.unwrap();
        let refused =
            sqlx::query(*sql).bind(workspace.uuid()).bind(stage.somebody.uuid()).execute(&mut *tx).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501", "{sql}");
    }
    let other = app.team("Elsewhere").await;
    let print = "select md5(string_agg(t::text, '' order by t::text)) from (select d::text t from approval_decisions d
                 union all select m::text from members m union all select p::text from persons p) x";
    let mut superuser = app.database.superuser().await;
    let before: String = sqlx::query_scalar(print).fetch_one(&mut superuser).await.unwrap();
    for sql in &attempts[..4] {
        let (mut tx, _) = decider.tenant(other.workspace, Entrance::System, app.now()).await.unwrap();
        _ = sqlx::query(*sql).bind(workspace.uuid()).bind(stage.somebody.uuid()).execute(&mut *tx).await.map(drop);
        let rolled_back = sqlx::query("select 1").execute(&mut *tx).await.is_err();
        if !rolled_back {
            tx.commit().await.unwrap();
        }
    }
    let after: String = sqlx::query_scalar(print).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(before, after);
    // Inside it, only the words.
    let decisions =
        "select md5(string_agg((to_jsonb(d) - 'comment')::text, '' order by decision_id)) from approval_decisions d";
    let before: String = sqlx::query_scalar(decisions).fetch_one(&mut superuser).await.unwrap();
    let (mut tx, _) = decider.tenant(workspace, Entrance::System, app.now()).await.unwrap();
    let blanked: i64 = sqlx::query_scalar(attempts[0])
        .bind(workspace.uuid())
        .bind(stage.somebody.uuid())
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(blanked, 2, "comments only: no actor was given");
    let after: String = sqlx::query_scalar(decisions).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(before, after);
    app_role.close().await;
    decider.close().await;
    stage.app.close().await;
}
