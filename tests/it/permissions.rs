//! Every use case against every role and every kind of caller.

use std::collections::BTreeMap;

use allin::{
    app::{keys::revoke::KeyRevoke, members::change::MemberChange},
    error::Error,
    model::roles::{ProofNeeded, Role},
};

use crate::support::{
    TestApp,
    cases::{self, Ids},
    people::Door,
};

/// The word of the table: what the gate said, whatever the use case made of it afterwards.
fn verdict(error: Option<&Error>) -> &'static str {
    match error.map(Error::code) {
        Some("role_too_low") => "role",
        Some("person_only") => "person",
        Some("proof_needed") => "proof",
        Some("access_ended" | "internal" | "database_unavailable") => "broken",
        _ => "yes",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_case_is_open_to_exactly_whom_the_table_says() {
    let app = TestApp::start().await;
    app.set_pages_url("http://127.0.0.1:1/".parse().unwrap());
    let team = app.team("Bakery").await;
    let mut callers = Vec::new();
    for role in Role::ALL {
        let member = app.member(&team, role).await;
        let (key, _) = app.key(&team, member).await;
        callers.push((
            role,
            [Door::CommandLine, Door::Stdio, Door::Http(key)].map(|door| (door, team.ctx(&app, member, door))),
        ));
    }
    let mut table = format!("{:22}{:12}", "use case", "caller");
    table.extend(Role::ALL.map(|role| format!("{:12}", role.as_str())));
    let mut refused: BTreeMap<&str, i64> = BTreeMap::new();
    for case in cases::all() {
        let rule = case.needs.rule();
        for (index, caller) in ["person", "connection", "api key"].into_iter().enumerate() {
            table.push_str(&format!("\n{:22}{caller:12}", case.kind));
            for (role, doors) in &callers {
                let (door, ctx) = &doors[index];
                let error = (case.call)(&app, ctx, Ids::nowhere()).await.err();
                let found = verdict(error.as_ref());
                let expected = match (rule.person_only && *door != Door::CommandLine, *role >= rule.least) {
                    (true, _) => "person",
                    (false, false) => "role",
                    (false, true) if rule.proof == ProofNeeded::Always => "proof",
                    (false, true) => "yes",
                };
                assert_eq!(found, expected, "{} as {} by {caller}", case.kind, role.as_str());
                if found != "yes" {
                    *refused.entry(case.name).or_default() += 1;
                }
                table.push_str(&format!("{found:12}"));
            }
        }
    }
    insta::assert_snapshot!(table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));

    let mut superuser = app.database.superuser().await;
    let audited: Vec<(String, i64)> =
        sqlx::query_as(
            "select use_case, count(*) from audit_entries
             where outcome = 'refused' and changes->0->>'code' in ('role_too_low', 'person_only', 'proof_needed') group by 1 order by 1",
        )
            .fetch_all(&mut superuser)
            .await
            .unwrap();
    let expected: Vec<_> = refused.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    assert_eq!(audited, expected, "every refusal of the gate is in the audit log");
    app.close().await;
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
    let removal = MemberChange { member_id: member, role: None, hand_over_to: None };
    app.call_once::<MemberChange>(&team.person(&app), removal).await.unwrap();
    for case in cases::all() {
        for ctx in [&by_key, &by_stdio] {
            let error = (case.call)(&app, ctx, Ids::nowhere()).await.unwrap_err();
            assert_eq!(error.code(), "access_ended", "{}", case.kind);
        }
    }
    app.close().await;
}
