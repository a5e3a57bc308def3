//! A thousand ways to touch the log, chosen by chance from a seed: each is found, and what was not touched never is.

use std::{collections::BTreeMap, fs, path::PathBuf};

use allin::{
    app::audit::{head_text, link, seal::seal_workspace, verify::verify},
    ids::WorkspaceId,
    store::{
        audit::{Entry, sealed_from},
        db::Entrance,
    },
    vault::Vault,
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

use super::told;
use crate::support::{TestApp, people::Team};

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn position(&mut self, last: i64) -> i64 {
        1 + i64::try_from(self.below(last.unsigned_abs())).unwrap()
    }
}

/// A log of some dozens of entries, chained in several batches, and a copy of it to put back.
struct Log {
    app: TestApp,
    team: Team,
    other: WorkspaceId,
    superuser: PgConnection,
    last: i64,
    /// The file outside as it was.
    file: String,
    path: PathBuf,
}

impl Log {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let team = told(&app).await;
        let other = app.team("Other").await.workspace;
        for round in 0..6 {
            seal_workspace(&app, team.workspace).await.unwrap();
            for number in 0..4 {
                app.draft(&team.connection(&app), &format!("Draft {round} {number}"), &[]).await;
            }
        }
        seal_workspace(&app, team.workspace).await.unwrap();
        let mut superuser = app.database.superuser().await;
        // Past every trigger and foreign key.
        sqlx::raw_sql(
            "set session_replication_role = replica;
             create table kept as table audit_entries; create table kept_heads as table audit_heads",
        )
        .execute(&mut superuser)
        .await
        .unwrap();
        let last = sqlx::query_scalar("select max(position) from audit_entries where workspace_id = $1")
            .bind(team.workspace.uuid())
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        let path = app.folder.path().join("audit-heads.jsonl");
        let file = fs::read_to_string(&path).unwrap();
        Self { app, team, other, superuser, last, file, path }
    }

    async fn run(&mut self, sql: String) {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut self.superuser).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn put_back(&mut self) {
        self.run(
            "truncate audit_entries, audit_heads; insert into audit_entries table kept;
             insert into audit_heads table kept_heads"
                .into(),
        )
        .await;
        fs::write(&self.path, &self.file).unwrap();
    }

    async fn broken(&self) -> Vec<Value> {
        verify(&self.app, self.team.workspace).await.unwrap().broken
    }

    async fn entries(&self) -> Vec<Entry> {
        let (mut tx, _) = self.app.db.tenant(self.team.workspace, Entrance::System, self.app.now()).await.unwrap();
        let entries = sealed_from(&mut tx, self.team.workspace, 1, 1000).await.unwrap().unwrap();
        tx.finish_read();
        entries
    }

    /// Computes the hashes of the chain from a position on, as everybody can, and the head's without its signature.
    async fn recompute(&mut self, from: i64) -> (i64, Vec<u8>) {
        let mut hash = Vec::new();
        let mut sql = String::new();
        let entries = self.entries().await;
        for entry in &entries {
            let position = entry.position.unwrap();
            hash = match position < from {
                true => entry.chain_hash.clone().unwrap(),
                false => link(&hash, position, entry).unwrap().to_vec(),
            };
            let hex = HEXLOWER.encode(&hash);
            sql.push_str(&format!(
                "update audit_entries set chain_hash = '\\x{hex}' where entry_id = '{}';",
                entry.entry_id
            ));
        }
        let last = entries.last().unwrap().position.unwrap();
        let hex = HEXLOWER.encode(&hash);
        let workspace = self.team.workspace.uuid();
        sql.push_str(&format!(
            "update audit_heads set position = {last}, chain_hash = '\\x{hex}' where workspace_id = '{workspace}'"
        ));
        self.run(sql).await;
        (last, hash)
    }

    fn lines(&self) -> Vec<Value> {
        let lines = self.file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["workspace"] == json!(self.team.workspace)).collect()
    }
}

const CLASSES: [&str; 8] = ["changed", "deleted", "inserted", "swapped", "cut", "rolled back", "foreign key", "file"];

/// Touches the log once; says what was done.
async fn tamper(log: &mut Log, class: &str, chance: &mut Chance) -> String {
    let (at, last, workspace) = (chance.position(log.last), log.last, log.team.workspace.uuid());
    let here = format!("where workspace_id = '{workspace}' and position");
    match class {
        "changed" => {
            let what = change(log, chance);
            log.run(format!("update audit_entries set {what} {here} = {at}")).await;
            format!("{at}: {what}")
        }
        "deleted" => {
            let until = (at + chance.position(3) - 1).min(last);
            log.run(format!("delete from audit_entries {here} between {at} and {until}")).await;
            format!("{at} to {until}")
        }
        "inserted" => insert(log, at, chance).await,
        "swapped" => {
            let with = 1 + at % last;
            log.run(format!(
                "update audit_entries set position = -position {here} in ({at}, {with});
                 update audit_entries set position = {at} + {with} + position {here} < 0"
            ))
            .await;
            format!("{at} and {with}")
        }
        "cut" => {
            let keep = at - 1;
            let head = *chance.pick(&["none", "old signature", "as it was"]);
            log.run(format!("delete from audit_entries {here} > {keep}")).await;
            match head {
                "none" => log.run("delete from audit_heads".into()).await,
                "old signature" if keep > 0 => drop(log.recompute(last + 1).await),
                _ => {}
            }
            format!("after {keep}, head: {head}")
        }
        "rolled back" => {
            // To a head that was genuine once.
            let lines = log.lines();
            let old = chance.pick(&lines[..lines.len() - 1]).clone();
            let (position, hash, signature) = (&old["position"], &old["hash"], &old["signature"]);
            let (hash, signature) = (hash.as_str().unwrap(), signature.as_str().unwrap());
            log.run(format!(
                "delete from audit_entries {here} > {position};
                 update audit_heads set position = {position}, chain_hash = '\\x{hash}', signature = '\\x{signature}'
                 where workspace_id = '{workspace}'"
            ))
            .await;
            format!("to {position}")
        }
        "foreign key" => foreign(log, at, chance).await,
        "file" => file(log, chance),
        other => panic!("{other}"),
    }
}

/// One column of an entry to something else.
fn change(log: &Log, chance: &mut Chance) -> String {
    let tag = format!("{:x}", chance.below(u64::MAX));
    let changes = [
        format!("at = at + interval '{} microseconds'", chance.position(5_000_000)),
        "at = at - interval '1 microsecond'".into(),
        "at = 'infinity'".into(),
        format!("actor = actor || '{tag}'"),
        "actor = upper(actor)".into(),
        "origin = case origin when 'job' then 'http' else 'job' end".into(),
        "request_id = gen_random_uuid()".into(),
        "entry_id = gen_random_uuid()".into(),
        format!("use_case = 'x{tag}'"),
        "outcome = case outcome when 'done' then 'refused' else 'done' end".into(),
        format!("changes = '[\"{tag}\"]'"),
        format!("changes = changes || '[{{\"what\": \"{tag}\"}}]'"),
        format!("changes = jsonb_set(changes, '{{0,how}}', '{{\"{tag}\": null}}', true) || '[{tag:?}]'"),
        "changes = changes || '[1e400]'".into(),
        "changes = jsonb_build_object('changes', changes)".into(),
        format!("chain_hash = set_byte(chain_hash, {0}, 255 - get_byte(chain_hash, {0}))", chance.below(32)),
        format!("position = {}", log.last + chance.position(1000)),
        "position = null, chain_hash = null".into(),
        format!("workspace_id = '{}', position = position + 100000", log.other.uuid()),
    ];
    chance.pick(&changes).clone()
}

/// Puts an entry in: at the end, in between with everything after it computed anew, or unchained and long ago.
async fn insert(log: &mut Log, at: i64, chance: &mut Chance) -> String {
    let (last, workspace) = (log.last, log.team.workspace.uuid());
    let row = |position: &str, hash: &str, time: &str| {
        format!(
            "insert into audit_entries (workspace_id, entry_id, at, actor, origin, request_id, use_case, outcome, changes, position, chain_hash)
             select workspace_id, gen_random_uuid(), at + interval '{time}', actor, 'http', gen_random_uuid(), 'post_publish', 'done', '[]', {position}, {hash}
             from kept where workspace_id = '{workspace}' and position = {at}"
        )
    };
    match chance.below(3) {
        0 => {
            log.run(row(&(last + 1).to_string(), "sha256('x')", "0")).await;
            let how = *chance.pick(&["as it comes", "computed"]);
            if how == "computed" {
                log.recompute(last + 1).await;
            }
            format!("at the end, {how}")
        }
        1 => {
            log.run(format!(
                "update audit_entries set position = -position where workspace_id = '{workspace}' and position >= {at};
                 update audit_entries set position = 1 - position where workspace_id = '{workspace}' and position < 0;
                 {}",
                row(&at.to_string(), "sha256('x')", "0")
            ))
            .await;
            log.recompute(at).await;
            format!("before {at}, all computed anew")
        }
        _ => {
            log.run(row("null", "null", "-1 hour")).await;
            "unchained, an hour ago".into()
        }
    }
}

/// Changes an entry, computes the chain anew from there or wholly, and signs it with another key.
async fn foreign(log: &mut Log, at: i64, chance: &mut Chance) -> String {
    let workspace = log.team.workspace;
    log.run(format!(
        "update audit_entries set actor = 'somebody else' where workspace_id = '{}' and position = {at}",
        workspace.uuid()
    ))
    .await;
    let from = *chance.pick(&[1, at]);
    let (position, hash) = log.recompute(from).await;
    let forger = Vault::new(&[7; 32], &[99; 32]);
    let signature = HEXLOWER.encode(&forger.attest(&head_text(workspace, position, &hash)));
    let key_id = chance.pick(&[forger.audit_key_id(), log.app.vault.audit_key_id()]).clone();
    log.run(format!(
        "update audit_heads set signature = '\\x{signature}', key_id = '{key_id}' where workspace_id = '{}'",
        workspace.uuid()
    ))
    .await;
    let line = json!({ "workspace": workspace, "position": position, "hash": HEXLOWER.encode(&hash),
                       "signature": signature, "key_id": key_id });
    let outside = *chance.pick(&["as it was", "appended to", "replaced"]);
    match outside {
        "appended to" => fs::write(&log.path, format!("{}{line}\n", log.file)).unwrap(),
        "replaced" => fs::write(&log.path, format!("{line}\n")).unwrap(),
        _ => {}
    }
    format!("{at} changed, computed from {from}, file {outside}")
}

/// Cuts or damages the file outside.
fn file(log: &Log, chance: &mut Chance) -> String {
    let length = log.file.len() as u64;
    match chance.below(4) {
        0 => {
            let keep = usize::try_from(chance.below(length - 2)).unwrap();
            fs::write(&log.path, &log.file[..keep]).unwrap();
            format!("the file cut at {keep}")
        }
        1 => {
            fs::remove_file(&log.path).unwrap();
            "the file removed".into()
        }
        2 => {
            let lines: Vec<_> = log.file.lines().collect();
            let keep = usize::try_from(chance.below(lines.len() as u64)).unwrap();
            fs::write(&log.path, lines[..keep].iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
            format!("the file cut after line {keep}")
        }
        _ => {
            // A digit of a hash or a signature.
            let at = chance.below(length);
            let from = usize::try_from(at).unwrap();
            let found = log.file[from..].find("\"signature\":\"");
            let place = found.map_or_else(|| log.file.find("\"hash\":\"").unwrap() + 8, |found| from + found + 13);
            let mut bytes = log.file.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            fs::write(&log.path, bytes).unwrap();
            format!("a digit of the file at {place}")
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tamperings_are_found() {
    let mut log = Log::new().await;
    assert!(log.last > 25 && log.lines().len() > 5, "{} entries, {} heads", log.last, log.lines().len());
    let mut chance = Chance(0x5eed_a11e);
    let mut done: BTreeMap<&str, u32> = BTreeMap::new();
    let mut missed = Vec::new();
    assert_eq!(log.broken().await, Vec::<Value>::new(), "untouched");
    for number in 0..1000 {
        let class = CLASSES[number % CLASSES.len()];
        let what = tamper(&mut log, class, &mut chance).await;
        if log.broken().await.is_empty() {
            missed.push(format!("{class}: {what}"));
        }
        *done.entry(class).or_default() += 1;
        log.put_back().await;
        if number % 20 == 0 {
            assert_eq!(log.broken().await, Vec::<Value>::new(), "put back after {class}: {what}");
        }
    }
    assert_eq!(missed, Vec::<String>::new(), "not found");
    assert_eq!(done, CLASSES.map(|class| (class, 125)).into());
    log.app.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_written_meanwhile_is_never_reported() {
    let app = TestApp::start().await;
    let team = told(&app).await;
    seal_workspace(&app, team.workspace).await.unwrap();
    let writer = async {
        for number in 0.. {
            app.draft(&team.connection(&app), &format!("Draft {number}"), &[]).await;
            if number % 3 == 0 {
                seal_workspace(&app, team.workspace).await.unwrap();
            }
        }
    };
    // Until it has seen the log grow ten times.
    let verifier = async {
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 10 {
            let found = verify(&app, team.workspace).await.unwrap();
            assert_eq!(found.broken, Vec::<Value>::new(), "{found:?}");
            seen.insert(found.entries);
        }
    };
    tokio::select! {
        () = verifier => {}
        () = writer => {}
    }
    app.close().await;
}
