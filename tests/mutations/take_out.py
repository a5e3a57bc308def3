"""Takes a guard out of a copy of the tree: `take_out.py TREE NAME`. Each edit names the text it replaces, which must be there
exactly once: an edit that no longer fits fails, and is to be written anew."""

import pathlib
import sys

# Guard: file, text with the guard, text without it.
EDITS = {
    "fence": [
        (
            "migrations/0010_trust.sql",
            "select d.target_id from dispatch d\n        join unnest(p_targets, p_fences) claim (target_id, fence) on claim.target_id = d.target_id and claim.fence = d.fence",
            "select d.target_id, claim.fence as claimed from dispatch d\n        join unnest(p_targets, p_fences) claim (target_id, fence) on claim.target_id = d.target_id",
        ),
        ("migrations/0010_trust.sql", "returning d.target_id, d.fence;", "returning d.target_id, held.claimed;"),
        (
            "src/app/publishing/deliver.rs",
            "if !still_ours(app, claim, began).await? {",
            "if !still_ours(app, claim, began).await? && claim.fence < 0 {",
        ),
        ("src/app/publishing/arm.rs", "&& place.open.is_none()", ""),
        ("src/app/publishing/arm.rs", "&& place.target.state.after(TargetEvent::Arm).is_some()", ""),
    ],
    "commit": [("src/app/publishing/arm.rs", "        tx.commit().await?;\n        Ok(steps", "        drop(tx);\n        Ok(steps")],
    "deadline": [("src/clients/http/send_by.rs", "self.clock.boot_millis() > self.boot_millis", "self.clock.boot_millis() > u64::MAX")],
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
