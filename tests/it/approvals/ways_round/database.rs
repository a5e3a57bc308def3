//! Ways with the database open: as the application's role, with the decider's password, with rows put in place.

use allin::{
    ids::PostId,
    model::states::TargetState,
    platform::Role,
    store::db::{Db, Entrance},
};
use sqlx::AssertSqlSafe;

use super::{HOUR, SOON, guarded};
use crate::approvals::Stage;

impl Stage {
    /// One statement as a role, inside the workspace. `$1` is the workspace, `$2` the post.
    async fn sql(&self, role: Role, post: PostId, sql: &str) -> Result<u64, String> {
        let db = Db::connect(self.app.database.options(role), 1).await.unwrap();
        let (mut tx, _) = db.tenant(self.team.workspace, Entrance::System, self.app.now()).await.unwrap();
        let sql = sql
            .replace("$1", &format!("'{}'::uuid", self.team.workspace.uuid()))
            .replace("$2", &format!("'{}'::uuid", post.uuid()))
            .replace("$3", &format!("'{}'::timestamptz", self.app.now()));
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await;
        let done = done.map(|done| done.rows_affected()).map_err(|error| error.to_string());
        if done.is_ok() {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        db.close().await;
        done
    }

    /// The application may not do it at all.
    async fn denied(&self, post: PostId, sql: &str) {
        let error = self.sql(Role::App, post, sql).await.unwrap_err();
        assert!(error.contains("permission denied"), "{sql}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calling_it_approved() {
    let stage = guarded().await;
    let post = stage.scheduled("Called approved", SOON).await;
    let call =
        "update posts set review = 'approved', approved_hash = content_hash where workspace_id = $1 and post_id = $2";
    assert_eq!(stage.sql(Role::App, post, call).await, Ok(1));
    let close =
        "update approval_requests set state = 'approved', ended_at = $3 where workspace_id = $1 and post_id = $2";
    assert_eq!(stage.sql(Role::App, post, close).await, Ok(1));
    let unneeded = stage.scheduled("Called unneeded", SOON).await;
    let call = "update posts set review = 'not_needed' where workspace_id = $1 and post_id = $2";
    assert_eq!(stage.sql(Role::App, unneeded, call).await, Ok(1));
    assert_eq!(stage.at(HOUR, post).await, TargetState::Held);
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writing_policies_and_decisions_as_the_application() {
    let stage = guarded().await;
    let post = stage.approved("Approved once").await;
    stage.denied(post, "delete from approval_policies where workspace_id = $1").await;
    stage
        .denied(post, "update approval_policies set ended_at = $3, ended_by = created_by where workspace_id = $1")
        .await;
    stage
        .denied(post, "update approval_policies set account_ids = array[gen_random_uuid()] where workspace_id = $1")
        .await;
    stage.denied(post, "update approval_steps set role = 'contributor' where workspace_id = $1").await;
    stage.denied(post, "delete from approval_steps where workspace_id = $1").await;
    stage.denied(post, "update approval_decisions set post_id = $2 where workspace_id = $1").await;
    stage.denied(post, "insert into approval_decisions select * from approval_decisions where workspace_id = $1").await;
    stage
        .denied(post, "insert into approval_delegations select * from approval_delegations where workspace_id = $1")
        .await;
    stage.denied(post, "update approval_freezes set ended_at = $3 where workspace_id = $1").await;
    stage.denied(post, "update reviewers set email = 'me@example.com' where workspace_id = $1").await;
    stage.only(&["Approved once"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_the_gate_away() {
    let stage = guarded().await;
    let post = stage.scheduled("Through no gate", SOON).await;
    for sql in [
        "alter table attempts disable trigger attempt_may_arm",
        "create or replace function approval_missing(uuid, uuid, timestamptz, timestamptz, timestamptz) returns text
             language sql as 'select null::text'",
        "drop trigger attempt_may_arm on attempts",
        "alter table approval_policies no force row level security",
    ] {
        let error = stage.sql(Role::App, post, sql).await.unwrap_err();
        assert!(error.contains("must be owner") || error.contains("permission denied"), "{sql}: {error}");
    }
    let shadow = stage.sql(
        Role::App,
        post,
        "create function public.approval_missing(uuid) returns text language sql as 'select null::text'",
    );
    assert!(shadow.await.unwrap_err().contains("permission denied"));
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_under_an_approval() {
    let stage = guarded().await;
    let words = stage.approved("As approved").await;
    let rewrite = "update segments s set text = 'Not as approved' from targets t where s.workspace_id = $1 and t.target_id = s.target_id and t.post_id = $2";
    assert_eq!(stage.sql(Role::App, words, rewrite).await, Ok(1));
    let more = stage.approved("One message").await;
    let append = "insert into segments (workspace_id, target_id, ordinal, text, media, send_key, sketch)
         select s.workspace_id, s.target_id, 1, 'And another', '[]', gen_random_uuid(), s.sketch
         from segments s join targets t using (workspace_id, target_id) where s.workspace_id = $1 and t.post_id = $2";
    assert_eq!(stage.sql(Role::App, more, append).await, Ok(1));
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_under_an_approval() {
    let stage = guarded().await;
    stage.app.account(&stage.team, "second").await;
    let post = stage.approved("To the first account").await;
    let swap = "update accounts a set remote_id = 'swapped' from targets t
         where a.workspace_id = $1 and t.workspace_id = $1 and t.post_id = $2 and a.account_id = t.account_id";
    assert_eq!(stage.sql(Role::App, post, swap).await, Ok(1));
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_picture_under_the_same_id() {
    let stage = guarded().await;
    let post = stage.scheduled("With a picture", SOON).await;
    stage.denied(post, "update asset_chunks set data = 'x' where workspace_id = $1").await;
    stage.denied(post, "delete from assets where workspace_id = $1").await;
    stage.denied(post, "update assets set sha256 = sha256('x') where workspace_id = $1").await;
    stage.only(&[]).await;
}

/// Whoever has the decider's password still lacks the key that only the passphrase gives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_nobody_signed() {
    let stage = guarded().await;
    let post = stage.scheduled("Signed by nobody", SOON).await;
    stage.proven(stage.manager).await;
    let forge = |member: allin::ids::MemberId| {
        format!(
            "insert into approval_decisions (workspace_id, decision_id, request_id, post_id, policy_id, ordinal, verdict, member_id,
                 digest, not_before, not_after, proof, key_id, signature, decided_at)
             select r.workspace_id, gen_random_uuid(), r.request_id, r.post_id, p.policy_id, 1, 'approve', '{0}'::uuid,
                    r.digest, r.not_before, r.not_after, 'passphrase', k.key_id, sha512('forged'), $3
             from approval_requests r join approval_policies p using (workspace_id), person_key($1, '{0}'::uuid) k
             where r.workspace_id = $1 and r.post_id = $2",
            member.uuid()
        )
    };
    stage.proven(stage.publisher).await;
    let unasked = stage.sql(Role::Decider, post, &forge(stage.publisher)).await.unwrap_err();
    assert!(unasked.contains("must not decide: not_asked"), "{unasked}");
    assert_eq!(stage.sql(Role::Decider, post, &forge(stage.manager)).await, Ok(1));
    let finish =
        "update posts set review = 'approved', approved_hash = content_hash where workspace_id = $1 and post_id = $2";
    assert_eq!(stage.sql(Role::Decider, post, finish).await, Ok(1));
    assert_eq!(stage.at(HOUR, post).await, TargetState::Held);
    let person = stage.team.person(&stage.app);
    let problem = stage.app.post(&person, post).await.targets[0].problem.clone().unwrap();
    assert_eq!(problem.code, "approval_forged");
    stage.only(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_taken_from_another_post_or_another_time() {
    let stage = guarded().await;
    let first = stage.approved("The same words").await;
    let second = stage.scheduled("The same words, nearly", SOON).await;
    let take = format!(
        "insert into approval_decisions (workspace_id, decision_id, request_id, post_id, policy_id, ordinal, verdict, member_id,
             digest, not_before, not_after, proof, key_id, signature, decided_at)
         select d.workspace_id, gen_random_uuid(), r.request_id, r.post_id, d.policy_id, 1, 'approve', d.member_id,
                r.digest, r.not_before, r.not_after, 'passphrase', d.key_id, d.signature, $3
         from approval_decisions d join approval_requests r on r.workspace_id = d.workspace_id and r.post_id = '{}'
         where d.workspace_id = $1 and d.post_id = $2",
        second.uuid()
    );
    assert_eq!(stage.sql(Role::Decider, first, &take).await, Ok(1));
    let finish =
        "update posts set review = 'approved', approved_hash = content_hash where workspace_id = $1 and post_id = $2";
    assert_eq!(stage.sql(Role::Decider, second, finish).await, Ok(1));
    let wider = "insert into approval_decisions (workspace_id, decision_id, request_id, post_id, policy_id, ordinal, verdict, member_id,
             digest, not_before, not_after, proof, key_id, signature, decided_at)
         select d.workspace_id, gen_random_uuid(), d.request_id, d.post_id, d.policy_id, 1, 'approve', d.member_id,
                d.digest, d.not_before, 'infinity', 'passphrase', d.key_id, d.signature, $3
         from approval_decisions d where d.workspace_id = $1 and d.post_id = $2";
    assert!(stage.sql(Role::Decider, first, wider).await.unwrap_err().contains("must not decide"));
    assert_eq!(stage.at(HOUR, second).await, TargetState::Held);
    stage.only(&["The same words"]).await;
}
