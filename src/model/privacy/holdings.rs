//! Tables of the workspace itself: its settings, accounts, posts and media, plan, and the audit log.

use super::{Holding, Tie, table};

/// Posts are the workspace's: who wrote them becomes nameless.
const AUTHOR: &str = "stays with the workspace, its author without a name";

pub(super) const HOLDINGS: &[Holding] = &[
    table("workspaces", "the workspace", "workspace_id name time_zone paused_at paused_reason created_at paused_by erased_at")
        .about(&[Tie::Actor("paused_by")], "stays: an id")
        .stays()
        .kept("for good; with the workspace's erasure its name and reasons are replaced"),
    table("retention_rules", "how long things are kept", "workspace_id kind days set_at"),
    table("retention_runs", "what was removed for its age", "workspace_id run_id ran_at removed complete"),
    table(
        "accounts",
        "connected profiles",
        "workspace_id account_id network remote_id handle display_name base_url status status_reason time_zone tolerance_secs \
         secret secret_expires_at refresh_lease_until not_before created_at updated_at",
    )
    .secret(&[("secret", "the sealed token: whoever has it and the key posts in the account's name")]),
    table("queues", "when accounts post", "workspace_id account_id slots quiet_hours daily_cap distance_minutes strict updated_at"),
    table("assets", "pictures and videos", "workspace_id asset_id sha256 mime bytes width height alt_text file_name created_at \
         duration_ms video_codec audio_codec frames_per_1000s"),
    table("asset_chunks", "their bytes, in pieces", "workspace_id asset_id ordinal data"),
    table("campaigns", "campaigns", "workspace_id campaign_id name description created_at updated_at archived_at"),
    table(
        "posts",
        "posts",
        "workspace_id post_id title version status review approved_hash content_hash author_id at excerpt created_at updated_at \
         deleted_at campaign_id tags evergreen recycled_from forgotten_at",
    )
    .about(&[Tie::Member("author_id")], AUTHOR)
    .kept("words of deleted ones of which nothing was sent: the days of `deleted_posts`"),
    table("post_versions", "what posts said", "workspace_id post_id version content actor created_at")
        .about(&[Tie::Actor("actor")], AUTHOR)
        .kept("as long as their post"),
    table("import_rows", "what was imported, by key", "workspace_id key post_id row_hash created_at"),
    table(
        "series",
        "posts that recur",
        "workspace_id series_id author_id post_id content rule starts_local until_local time_zone except_days filled_local \
         complete problem created_at ended_at",
    )
    .about(&[Tie::Member("author_id")], AUTHOR),
    table("series_occurrences", "which of them were made", "workspace_id series_id occurs_local post_id left_out"),
    table(
        "recycling_rules",
        "which accounts' posts go out again",
        "workspace_id account_id enabled min_age_days window_days per_week candidates member_id updated_at",
    )
    .about(&[Tie::Member("member_id")], "switched off or handed over; an id stays"),
    table("recyclings", "what went out again", "workspace_id account_id number source_post_id post_id planned_for created_at"),
    table("pauses", "what is paused", "workspace_id pause_id account_id campaign_id tag reason actor created_at")
        .about(&[Tie::Actor("actor")], "stays while the pause lasts: the team has to know why")
        .kept("until it is resumed"),
    table("workspace_plans", "the plan", "workspace_id plan set_at"),
    table("credit_packs", "credits beyond the plan", "workspace_id pack_id credits first_month last_month created_at"),
    table("credit_months", "credits used", "workspace_id month used held"),
    table(
        "credit_reservations",
        "credits set aside",
        "workspace_id reservation_id month credits state spent purpose created_at expires_at ended_at",
    )
    .kept("40 days after they end"),
    table(
        "audit_entries",
        "who did what, by ids, with commitments in place of names and words",
        "workspace_id entry_id at actor origin request_id use_case outcome changes position chain_hash",
    )
    .about(&[Tie::Actor("actor"), Tie::Within("changes")], "stays: ids, which lead to nobody; the chain stays valid")
    .stays()
    .kept("for good: it is proof"),
    table("audit_heads", "signed ends of the log", "workspace_id position chain_hash signature key_id kept")
        .stays()
        .kept("for good: it is proof"),
    table("audit_openings", "what opens the log's commitments", "workspace_id commitment salt value created_at")
        .about(&[Tie::Commitment], "deleted where the person gave the words, or they are the person's name or address")
        .kept("the days of `audit_openings`"),
];
