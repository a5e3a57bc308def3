//! Tables that the installation needs before a workspace is known, or for a few hours.

use super::{Holding, Tie, table};

const QUEUE: &str = "follows from other tables, and is for the program's own work";

pub(super) const HOLDINGS: &[Holding] = &[
    table("persons", "human beings: name and address", "person_id display_name email created_at email_proved")
        .as_persons()
        .about(
            &[Tie::Member("member_id")],
            "name and address are removed, unless the person is in other workspaces too",
        )
        .stays()
        .kept("for good, nameless once the person is in no workspace"),
    table(
        "person_keys",
        "public halves of keys that passphrases give",
        "person_id key_id salt public_key created_at ended_at",
    )
    .as_persons()
    .secret(&[
        ("salt", "with the public half it lets passphrases be guessed"),
        ("public_key", "with the salt it lets passphrases be guessed"),
    ])
    .about(&[Tie::Member("member_id")], "stays, useless: signatures of decisions are checked with it")
    .stays()
    .kept("for good: it is proof"),
    table("person_tries", "wrong passphrases in a row", "person_id failed locked_until")
        .as_persons()
        .about(&[Tie::Member("member_id")], "deleted, unless the person is in other workspaces too")
        .kept("until the right one is typed"),
    table("person_workspaces", "which workspaces a person is in", "person_id workspace_id member_id")
        .left_out("says what `members` says; which others a person is in concerns nobody here")
        .about(&[Tie::Member("member_id")], "deleted"),
    table("token_hashes", "hashes of keys and links", "hash kind workspace_id subject_id")
        .left_out("what it opens is a secret; keys and invitations are exported without it")
        .kept("until the key or link ends"),
    table("protocol_sessions", "open sessions of clients", "session_hash owner_key state expires_at")
        .left_out("the key to an open session, and what the client said of itself")
        .about(&[Tie::Within("owner_key")], "deleted")
        .kept("hours"),
    table(
        "idempotency",
        "results of calls, for their repetition",
        "workspace_id actor_key use_case key input_hash output lease_until expires_at",
    )
    .left_out("a copy of what other tables hold, for a day")
    .about(&[Tie::Actor("actor_key")], "deleted, and others' that name the person")
    .kept("a day at most"),
    table("spent_confirmations", "questions that were answered", "workspace_id nonce expires_at")
        .left_out("random numbers, for ten minutes")
        .kept("ten minutes"),
    table("dispatch", "what is due", "workspace_id target_id account_id due_at lease_until fence priority noticed_at")
        .left_out(QUEUE),
    table("lanes", "where accounts are", "workspace_id account_id network server not_before").left_out(QUEUE),
    table("metric_dispatch", "whose figures are due", "workspace_id account_id due_at lease_until fence")
        .left_out(QUEUE),
    table("series_due", "series to be filled", "workspace_id series_id fill_at").left_out(QUEUE),
    table(
        "mail_queue",
        "what waits to be mailed",
        "workspace_id notification_id member_id mail_id due_at created_at lease_until tries letter",
    )
    .left_out(QUEUE)
    .about(&[Tie::Member("member_id")], "ends with the notifications")
    .kept("a day at most"),
    table(
        "servers",
        "servers of networks that fail",
        "server failures failing_since failed_at last_failure open_until trial_until opened not_before recovered_at \
         failed_workspace failed_account failed_post failed_widely",
    )
    .left_out("about servers")
    .stays(),
    table("workers", "running processes", "worker_id kind seen_at").left_out("about processes").stays(),
    table("installation", "facts about the installation", "name value").left_out("about the installation").stays(),
    table(
        "_sqlx_migrations",
        "the version of the schema",
        "version description installed_on success checksum execution_time",
    )
    .left_out("about the schema")
    .stays(),
];
