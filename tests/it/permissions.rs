//! Every use case against every role, kind of caller, workspace and grant; and the table that people read.

mod document;
mod kept;
mod matrix;

use allin::{
    app::{keys::revoke::KeyRevoke, members::change::MemberChange},
    model::roles::{ProofNeeded, Role},
};

use crate::support::{
    TestApp,
    cases::{self, Case, Ids},
    people::Door,
};

/// How somebody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Person,
    Connection,
    Key,
}

impl Caller {
    const ALL: [Self; 3] = [Self::Person, Self::Connection, Self::Key];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Connection => "connection",
            Self::Key => "api key",
        }
    }
}

/// What a call comes to, as far as it is a matter of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Yes,
    /// Takes a higher role.
    Role,
    /// Takes a person.
    Person,
    /// Takes a person's passphrase.
    Proof,
    /// Takes whoever runs AllIN.
    Operator,
    /// Takes a grant on the account.
    Grant,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Role => "role",
            Self::Person => "person",
            Self::Proof => "proof",
            Self::Operator => "operator",
            Self::Grant => "grant",
        }
    }
}

/// Use cases that take a grant on the account from those who do not use all accounts, with the input that they have in
/// `cases.rs`, on a post of the caller's own. The matrix finds a use case that is missing here, or needs none.
const GRANTED: &[&str] = &[
    "AccountTest",
    "HeldRelease",
    "HeldResolve",
    "PostCancel",
    "PostEdit",
    "PostPublish",
    "PostSchedule",
    "QueueSet",
    "RecyclingRun",
    "RecyclingSet",
    "SeriesCreate",
    "SeriesEnd",
];

/// The whole of the rules, as one function: the matrix holds the program to it, the document tells it.
fn expected(case: &Case, role: Role, caller: Caller, granted: bool) -> Verdict {
    let rule = case.needs.rule();
    if case.needs.operator_only() {
        Verdict::Operator
    } else if rule.person_only && caller != Caller::Person {
        Verdict::Person
    } else if role < rule.least {
        Verdict::Role
    } else if rule.proof == ProofNeeded::Always {
        Verdict::Proof
    } else if GRANTED.contains(&case.kind) && !role.uses_all_accounts() && !granted {
        Verdict::Grant
    } else {
        Verdict::Yes
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_or_revoked_is_out_at_once() {
    let app = TestApp::start().await;
    let team = app.team("Bakery").await;
    let member = app.member(&team, Role::Publisher).await;
    let (key, _) = app.key(&team, member).await;
    let (by_key, by_stdio) = (team.ctx(&app, member, Door::Http(key)), team.ctx(&app, member, Door::Stdio));
    app.draft(&by_key, "One", &[]).await;
    app.call_once::<KeyRevoke>(&team.person(&app), KeyRevoke { key_id: key }).await.unwrap();
    app.draft(&by_stdio, "Two", &[]).await;
    app.call_once::<MemberChange>(
        &team.person(&app),
        MemberChange { member_id: member, role: None, hand_over_to: None },
    )
    .await
    .unwrap();
    for case in cases::all() {
        for ctx in [&by_key, &by_stdio] {
            let error = (case.call)(&app, ctx, Ids::nowhere()).await.unwrap_err();
            assert_eq!(error.code(), "access_ended", "{}", case.kind);
        }
    }
    app.close().await;
}
