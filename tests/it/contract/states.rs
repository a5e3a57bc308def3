//! The values that the database's CHECK constraints allow are those of the enums. Called with a connection of the owner
//! or the superuser to a migrated database.

use allin::model::{
    accounts::AccountStatus,
    answers::AnswerKind,
    approvals::{Need, RequestState, Verdict},
    letters::LetterKind,
    metrics::Absence,
    networks::NetworkId,
    notifications::{MailState, NotificationKind},
    plans::{Limit, Plan},
    privacy::RetentionKind,
    roles::Role,
    states::{PostStatus, Review, TargetState},
    tasks::TaskState,
    tickets::TicketState,
};
use allin::store::tokens::TokenKind;
use sqlx::PgConnection;

fn lists() -> Vec<(&'static str, Vec<&'static str>)> {
    let statuses = [AccountStatus::Connected, AccountStatus::Limited, AccountStatus::Disconnected];
    vec![
        ("account_samples.absence", Absence::ALL.map(Absence::as_str).to_vec()),
        ("answers.kind", AnswerKind::ALL.map(AnswerKind::as_str).to_vec()),
        ("approval_decisions.verdict", Verdict::ALL.iter().map(|word| word.as_str()).collect()),
        ("approval_requests.state", RequestState::ALL.iter().map(|word| word.as_str()).collect()),
        ("approval_steps.need", Need::ALL.iter().map(|word| word.as_str()).collect()),
        ("accounts.network", NetworkId::ALL.map(NetworkId::as_str).to_vec()),
        ("accounts.status", statuses.map(AccountStatus::as_str).to_vec()),
        ("invitations.role", Role::ALL.map(Role::as_str).to_vec()),
        ("letters.kind", LetterKind::ALL.map(LetterKind::as_str).to_vec()),
        ("letters.state", MailState::ALL.map(MailState::as_str).to_vec()),
        ("members.role", Role::ALL.map(Role::as_str).to_vec()),
        ("metric_samples.absence", Absence::ALL.map(Absence::as_str).to_vec()),
        ("notification_choices.kind", NotificationKind::ALL.map(NotificationKind::as_str).to_vec()),
        ("notifications.kind", NotificationKind::ALL.map(NotificationKind::as_str).to_vec()),
        ("notifications.mail", MailState::ALL.map(MailState::as_str).to_vec()),
        ("workspace_plans.plan", Plan::ALL.map(Plan::as_str).to_vec()),
        ("posts.review", Review::ALL.map(Review::as_str).to_vec()),
        ("posts.status", PostStatus::ALL.map(PostStatus::as_str).to_vec()),
        ("retention_rules.kind", RetentionKind::ALL.map(RetentionKind::as_str).to_vec()),
        ("tasks.state", TaskState::ALL.map(TaskState::as_str).to_vec()),
        ("tickets.state", TicketState::ALL.map(TicketState::as_str).to_vec()),
        ("targets.state", TargetState::ALL.map(TargetState::as_str).to_vec()),
        // These have no enum in the program: the words stand in app/publishing, app/use_case.rs and model/roles.rs.
        ("approval_decisions.proof", vec!["passphrase", "link"]),
        ("approval_steps.escalate_to", vec!["manager", "admin"]),
        ("approval_steps.role", vec!["contributor", "publisher", "manager", "admin"]),
        ("attempts.state", vec!["armed", "published", "rejected", "unknown", "absent"]),
        ("audit_entries.outcome", vec!["done", "refused", "unknown"]),
        ("documents.source", vec!["product", "file", "text", "url", "ticket"]),
        ("documents.state", vec!["waiting", "embedding", "ready", "failed"]),
        ("credit_reservations.state", vec!["held", "spent", "released", "expired"]),
        ("token_hashes.kind", TokenKind::ALL.map(TokenKind::as_str).to_vec()),
    ]
}

/// Compares every list of values; a list that is not in the table fails too.
pub async fn check(conn: &mut PgConnection) {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select t.relname || '.' || a.attname, pg_get_constraintdef(k.oid)
         from pg_constraint k join pg_class t on t.oid = k.conrelid
         join pg_attribute a on a.attrelid = t.oid and a.attnum = k.conkey[1]
         where k.contype = 'c' and t.relnamespace = 'public'::regnamespace and cardinality(k.conkey) = 1 order by 1",
    )
    .fetch_all(conn)
    .await
    .expect("constraints");
    let mut found: Vec<(String, Vec<String>)> = rows
        .into_iter()
        .filter(|(column, definition)| is_list(column, definition))
        .map(|(column, definition)| (column, values(&definition)))
        .collect();
    let mut expected: Vec<(String, Vec<String>)> = lists()
        .into_iter()
        .map(|(column, words)| (column.to_owned(), words.into_iter().map(str::to_owned).collect()))
        .collect();
    for (_, words) in found.iter_mut().chain(&mut expected) {
        words.sort();
    }
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// The numbers of the plans, too, are in both.
pub async fn check_plans(conn: &mut PgConnection) {
    for plan in Plan::ALL {
        for limit in Limit::ALL {
            let there: Option<i64> = sqlx::query_scalar("select plan_number($1, $2)")
                .bind(plan.as_str())
                .bind(limit.as_str())
                .fetch_one(&mut *conn)
                .await
                .expect("plan_number");
            assert_eq!(there, plan.number(limit).map(i64::from), "{plan:?} {limit:?}");
        }
    }
}

/// `CHECK ((state = ANY (ARRAY['draft'::text, …])))`.
fn is_list(column: &str, definition: &str) -> bool {
    let name = column.rsplit('.').next().unwrap_or_default();
    definition.starts_with(&format!("CHECK (({name} = ANY (ARRAY["))
}

fn values(definition: &str) -> Vec<String> {
    definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}
