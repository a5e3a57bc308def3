//! A long log, written past the program, chained and signed by it as usual; and how long its verification takes.

use std::time::Instant;

use allin::{
    app::{
        audit::{seal::seal_workspace, verify::verify},
        workspaces::create,
    },
    boot::Booted,
    error::{Error, Result},
    platform::Role,
};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::writes::rounded;

/// Entries that wait to be chained at a time.
const CHUNK: i64 = 20_000;

pub async fn verified(booted: &Booted, entries: i64) -> Result<Map<String, Value>> {
    let app = &booted.app;
    let cluster = booted.cluster.as_ref().ok_or_else(|| Error::internal("no private cluster"))?;
    let mut superuser = PgConnection::connect_with(&cluster.connect_options(Role::Superuser)).await?;
    let workspace = create::create(app, "A long log", "Europe/Berlin", "Owner", None).await?.workspace;
    seal_workspace(app, workspace).await?;
    let started = Instant::now();
    let mut written = 1;
    while written < entries {
        let count = CHUNK.min(entries - written);
        sqlx::query(
            "insert into audit_entries (workspace_id, entry_id, at, actor, origin, request_id, use_case, outcome, changes)
             select $1, gen_random_uuid(), now() + (n || ' milliseconds')::interval, 'mbr_06h317h401w3x3wzrybex0zzyg/claude', 'http',
                    gen_random_uuid(), 'post_schedule', 'done',
                    jsonb_build_array(jsonb_build_object('what', 'post', 'id', 'post_06h317h401w3x3wzrybex0zzyg', 'how',
                        jsonb_build_array(jsonb_build_object('target', 'tgt_06h317h401w3x3wzrybex0zzyg', 'state', 'scheduled',
                                                             'due_at', '2026-12-01T09:30:00Z', 'number', n))))
             from generate_series($2::bigint, $3::bigint) n",
        )
        .bind(workspace.uuid())
        .bind(written)
        .bind(written + count - 1)
        .execute(&mut superuser)
        .await?;
        seal_workspace(app, workspace).await?;
        written += count;
    }
    let chained_s = started.elapsed().as_secs_f64();
    sqlx::raw_sql("vacuum analyze audit_entries").execute(&mut superuser).await?;
    superuser.close().await?;
    let before = forget_peak();
    let started = Instant::now();
    let found = verify(app, workspace).await?;
    let took = started.elapsed().as_secs_f64();
    let peak = memory("VmHWM:");
    if !found.broken.is_empty() || found.entries != entries {
        return Err(Error::internal(format!("{} entries, broken: {:?}", found.entries, found.broken)));
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let count = entries as f64;
    Ok([
        ("verify_entries", json!(entries)),
        ("verify_s", json!(rounded(took))),
        ("verify_entries_per_s", json!((count / took).round())),
        ("verify_peak_mb", json!(rounded(peak))),
        ("verify_growth_mb", json!(rounded(peak - before))),
        ("verify_heads", json!(found.heads)),
        ("chain_entries_per_s", json!((count / chained_s).round())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect())
}

/// Has the kernel measure the peak of this process's memory from here on; returns what it is now, in MB.
fn forget_peak() -> f64 {
    _ = std::fs::write("/proc/self/clear_refs", "5");
    memory("VmRSS:")
}

fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}
