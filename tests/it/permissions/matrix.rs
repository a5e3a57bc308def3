//! The matrix: use case × role × kind of caller × own or other workspace × granted or not granted account.

use std::collections::BTreeMap;

use allin::{
    app::{accounts::grant::AccountGrant, ctx::Ctx, use_case::Effect},
    error::{Error, Result},
    ids::{ApiKeyId, AttemptId, MemberId, PostId},
    model::roles::Role,
};
use serde_json::{Value, json};

use super::{Caller, Verdict, expected, kept::Kept};
use crate::{
    isolation::{Filled, two},
    support::{
        TestApp,
        cases::{self, Case, Ids},
        named::named,
        people::Door,
    },
};

/// Somebody of a role, who was granted the account or not.
struct Somebody {
    role: Role,
    granted: bool,
    member: MemberId,
    key: ApiKeyId,
    /// Own, on the account. A Viewer has none: the Admin's.
    post: PostId,
    /// Own, and public.
    public: PostId,
    /// Own, and held, because nobody knows whether it was sent.
    held: (PostId, AttemptId),
}

impl Somebody {
    async fn new(app: &TestApp, there: &Filled, role: Role, granted: bool) -> Self {
        let member = app.member(&there.team, role).await;
        let (key, _) = app.key(&there.team, member).await;
        let account = there.ids.account;
        app.grant(&there.team, account, member).await;
        let ids = there.ids;
        let (mut post, mut public, mut held) = (ids.post, ids.post, (ids.post, ids.attempt));
        if role > Role::Viewer {
            let ctx = there.team.ctx(app, member, Door::CommandLine);
            let whose = format!("{} {granted}", role.as_str());
            post = app.draft(&ctx, &format!("A draft of {whose}"), &[account]).await.id;
            public = app.draft(&ctx, &format!("What is public of {whose}"), &[account]).await.id;
            held.0 = app.draft(&ctx, &format!("What is held of {whose}"), &[account]).await.id;
            held.1 = become_public_and_held(app, public, held.0).await;
        }
        if !granted {
            let revoked = AccountGrant { account_id: account, member_id: member, granted: false };
            app.call_once::<AccountGrant>(&there.team.person(app), revoked).await.unwrap();
        }
        Self { role, granted, member, key, post, public, held }
    }

    fn ctx(&self, app: &TestApp, there: &Filled, caller: Caller) -> Ctx {
        let door = match caller {
            Caller::Person => Door::CommandLine,
            Caller::Connection => Door::Stdio,
            Caller::Key => Door::Http(self.key),
        };
        there.team.ctx(app, self.member, door)
    }
}

/// The one as if it had been sent, the other with a try whose outcome nobody knows.
async fn become_public_and_held(app: &TestApp, public: PostId, held: PostId) -> AttemptId {
    let mut superuser = app.database.superuser().await;
    for (post, state) in [(public, "published"), (held, "held")] {
        let targets = "update targets set state = $2, due_at = $3, published_at = case $2 when 'published' then $3::timestamptz end
                       where post_id = $1";
        for sql in [targets, "update posts set status = $2, at = $3 where post_id = $1"] {
            sqlx::query(sql).bind(post.uuid()).bind(state).bind(app.now()).execute(&mut superuser).await.unwrap();
        }
    }
    let id = sqlx::query_scalar(
        "insert into attempts (workspace_id, attempt_id, target_id, ordinal, number, state, fingerprint, fence, armed_at,
                               send_deadline, finished_at, evidence)
         select workspace_id, gen_random_uuid(), target_id, 0, 1, 'unknown', sha256(''), 0, $2, $2, $2, 'nobody knows'
         from targets where post_id = $1 returning attempt_id",
    )
    .bind(held.uuid())
    .bind(app.now())
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    AttemptId(id)
}

fn verdict(answer: &Result<Value>) -> Verdict {
    match answer.as_ref().err().map(Error::code) {
        // Some rights are looked at in the use case, in the same words.
        Some("role_too_low") => Verdict::Role,
        Some("person_only") => Verdict::Person,
        Some("operator_only") => Verdict::Operator,
        Some("proof_needed") => Verdict::Proof,
        Some("account_not_granted") => Verdict::Grant,
        // Of several posts each is told by itself.
        None if whole(answer).to_string().contains("You were not granted the account") => Verdict::Grant,
        Some(code @ ("access_ended" | "internal" | "database_unavailable")) => panic!("broken: {code}: {answer:?}"),
        _ => Verdict::Yes,
    }
}

fn whole(answer: &Result<Value>) -> Value {
    match answer {
        Ok(output) => json!({ "done": output }),
        Err(error) => json!({ "error": error.public() }),
    }
}

/// What the log has to hold besides.
type Refused = BTreeMap<&'static str, i64>;

struct Matrix<'a> {
    app: &'a TestApp,
    ours: &'a Filled,
    theirs: &'a Filled,
    kept: Kept,
    refused: Refused,
    calls: usize,
    problems: Vec<String>,
}

impl Matrix<'_> {
    async fn call(&mut self, case: &Case, ctx: &Ctx, ids: Ids) -> Result<Value> {
        // Of several posts each is refused by itself, after the question.
        let call = if case.kind == "HeldRelease" { case.agreed } else { case.call };
        let answer = call(self.app, ctx, ids).await;
        self.calls += 1;
        let by_gate = matches!(verdict(&answer), Verdict::Person | Verdict::Proof | Verdict::Operator);
        let role = answer.as_ref().is_err_and(|error| error.code() == "role_too_low");
        if by_gate || role {
            *self.refused.entry(case.name).or_default() += 1;
        }
        if case.effect != Effect::Read && !by_gate && !role {
            self.kept.put_back().await;
        }
        answer
    }

    /// One cell: with things of one's own workspace, with another's, and with what never was.
    async fn cell(&mut self, case: &Case, somebody: &Somebody, caller: Caller) -> (Verdict, String) {
        let what = || {
            let grant = if somebody.granted { "granted" } else { "not granted" };
            format!("{} as {} ({grant}) by {}", case.kind, somebody.role.as_str(), caller.as_str())
        };
        let ctx = somebody.ctx(self.app, self.ours, caller);
        let (post, attempt) = match case.kind {
            "HeldResolve" | "HeldRelease" => somebody.held,
            "PostEdit" => (somebody.public, self.ours.ids.attempt),
            _ => (somebody.post, self.ours.ids.attempt),
        };
        let own = Ids { post, attempt, ..self.ours.ids };
        let answer = self.call(case, &ctx, own).await;
        let found = verdict(&answer);
        let wanted = expected(case, somebody.role, caller, somebody.granted);
        if found != wanted {
            self.problems.push(format!("{}: {} and not {}: {answer:?}", what(), found.as_str(), wanted.as_str()));
        }
        let foreign = whole(&self.call(case, &ctx, self.theirs.ids).await);
        let unknown = whole(&self.call(case, &ctx, Ids::nowhere()).await);
        assert_eq!(named(&foreign), named(&unknown), "{}", what());
        assert!(!foreign.to_string().contains(self.theirs.mark), "{}: {foreign}", what());
        // Nobody is in another workspace by knowing its id.
        let elsewhere = Ctx { workspace: self.theirs.team.workspace, ..ctx };
        let outside = (case.call)(self.app, &elsewhere, self.theirs.ids).await.unwrap_err();
        assert_eq!(outside.code(), "access_ended", "{} in another workspace", what());
        let foreign = foreign.pointer("/error/code").and_then(Value::as_str).unwrap_or("nothing of it").to_owned();
        (found, foreign)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_case_is_open_to_exactly_whom_the_table_says() {
    let app = TestApp::start().await;
    let [ours, theirs] = two(&app).await;
    let mut people = Vec::new();
    for role in Role::ALL {
        for granted in [true, false] {
            people.push(Somebody::new(&app, &ours, role, granted).await);
        }
    }
    let kept = Kept::new(app.database.superuser().await).await;
    let mut matrix = Matrix {
        app: &app,
        ours: &ours,
        theirs: &theirs,
        kept,
        refused: Refused::new(),
        calls: 0,
        problems: Vec::new(),
    };
    // With a grant, and without where that is something else.
    let mut table = format!("{:23}{:12}", "use case", "caller");
    table.extend(Role::ALL.map(|role| format!("{:12}", role.as_str())));
    table.push_str("another workspace's");
    for case in cases::all() {
        for caller in Caller::ALL {
            let mut line = format!("{:23}{:12}", case.kind, caller.as_str());
            let mut foreign = Vec::new();
            for pair in people.chunks(2) {
                let (with, there) = matrix.cell(&case, &pair[0], caller).await;
                let (without, _) = matrix.cell(&case, &pair[1], caller).await;
                let cell = match with == without {
                    true => with.as_str().to_owned(),
                    false => format!("{}/{}", with.as_str(), without.as_str()),
                };
                line.push_str(&format!("{cell:12}"));
                if with == Verdict::Yes && !foreign.contains(&there) {
                    foreign.push(there);
                }
            }
            table.push_str(&format!("\n{line}{}", foreign.join(", ")));
        }
    }
    assert!(matrix.problems.is_empty(), "{}", matrix.problems.join("\n"));
    insta::assert_snapshot!(table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
    assert!(matrix.calls >= cases::all().len() * 5 * 2 * 3 * 3, "{} calls", matrix.calls);

    let audited: Vec<(String, i64)> = sqlx::query_as(
        "select use_case, count(*) from audit_entries
         where outcome = 'refused' and changes->0->>'code' in ('role_too_low', 'person_only', 'operator_only', 'proof_needed')
         group by 1 order by 1",
    )
    .fetch_all(matrix.kept.superuser())
    .await
    .unwrap();
    let expected: Vec<_> = matrix.refused.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    assert_eq!(audited, expected, "every refusal of the gate is in the audit log");
    // What was made public by hand has no receipt.
    let by_hand = "update targets set state = 'cancelled', published_at = null where state = 'published'
        and not exists (select from receipts r where r.workspace_id = targets.workspace_id and r.target_id = targets.target_id)";
    sqlx::raw_sql(by_hand).execute(matrix.kept.superuser()).await.unwrap();
    app.close().await;
}
