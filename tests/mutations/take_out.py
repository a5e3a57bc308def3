"""Takes a guard out of a copy of the tree: `take_out.py TREE NAME`. Each edit names the text it replaces, which must be there
exactly once: an edit that no longer fits fails, and is to be written anew."""

import pathlib
import sys

# Guard: file, text with the guard, text without it.
EDITS = {
    "fence": [
        (
            "migrations/0001_foundation.sql",
            "as $$ with held as (update dispatch set lease_until = p_lease_until\n                    where workspace_id = p_workspace and target_id = p_target and fence = p_fence returning 1)",
            "as $$ with held as (update dispatch set lease_until = p_lease_until\n                    where workspace_id = p_workspace and target_id = p_target returning 1)",
        ),
    ],
    "commit": [
        (
            "src/app/publishing/deliver.rs",
            "    tx.commit().await?;\n    let attempted = Attempted {",
            "    drop(tx);\n    let attempted = Attempted {",
        ),
    ],
    "deadline": [
        (
            "src/clients/http/send_by.rs",
            "self.clock.boot_millis() > self.boot_millis",
            "self.clock.boot_millis() > self.boot_millis.max(u64::MAX)",
        ),
    ],
    "rollback": [
        (
            "src/store/db/tx.rs",
            """            let rolled_back =
                tokio::time::timeout(Duration::from_secs(5), sqlx::raw_sql("ROLLBACK").execute(&mut *connection));
            match rolled_back.await {
                Ok(Ok(_)) => db.keep(connection, None),
                _ => discard(connection),
            }
""",
            """            db.keep(connection, None);
""",
        )
    ],
}

tree, name = pathlib.Path(sys.argv[1]), sys.argv[2]
for path, guard, without in EDITS[name]:
    text = (tree / path).read_text()
    if text.count(guard) != 1:
        sys.exit(f"{name}: {path} has {text.count(guard)} times what is to be taken out: {guard!r}")
    (tree / path).write_text(text.replace(guard, without))
