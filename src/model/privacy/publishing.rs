//! Tables of publishing: targets, what was sent, receipts, figures.

use super::{Holding, Tie, table};

pub(super) const HOLDINGS: &[Holding] = &[
    table(
        "targets",
        "posts on accounts",
        "workspace_id target_id post_id account_id state due_at due_local due_zone next_step_at tries error_code error_message \
         error_next_step published_at removal_requested_at removed_at created_at updated_at due_fold due_tzdb doubted_at asked",
    )
    .about(&[Tie::Within("asked")], "stays: an id"),
    table(
        "segments",
        "their messages",
        "workspace_id target_id ordinal text media send_key stamped_at prepared remote published_at sketch",
    ),
    table("edits", "texts that public messages are to get", "workspace_id target_id ordinal text actor created_at")
        .about(&[Tie::Actor("actor")], "stays until it is done: the words are the post's")
        .kept("until the network has it"),
    table(
        "attempts",
        "every try to send",
        "workspace_id attempt_id target_id ordinal number state fingerprint fence armed_at send_deadline finished_at evidence",
    )
    .kept("as long as the workspace: it is what keeps a post from going out twice"),
    table("receipts", "signed receipts of what was published", "workspace_id target_id post_id document signature key_id created_at")
        .about(&[Tie::Within("document")], "stays: ids, under the signature")
        .kept("as long as the workspace: it is proof"),
    table("metric_accounts", "when figures were asked for", "workspace_id account_id tried_at collected_at figures_at failures problem"),
    table("account_samples", "figures of accounts", "workspace_id account_id metric collected_at as_of value absence source")
        .kept("the days of `metric_samples`"),
    table("metric_samples", "figures of messages", "workspace_id target_id ordinal metric collected_at as_of value absence source")
        .kept("the days of `metric_samples`"),
    table(
        "metric_targets",
        "the newest figures of posts",
        "workspace_id target_id account_id published_at next_at collected_at measured_at impressions reach engagement partial \
         engagement_first_day",
    ),
];
