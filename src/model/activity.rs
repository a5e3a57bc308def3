//! What a member did, as a sentence: the words for every use case that changes something.

/// Name of the use case, and what its caller did.
const DID: &[(&str, &str)] = &[
    ("account_change", "changed an account's settings"),
    ("account_connect", "began to connect an account"),
    ("account_finish_connect", "connected an account"),
    ("account_grant", "changed who may use an account"),
    ("account_remove", "removed an account"),
    ("account_test", "tested an account"),
    ("approval_decide", "decided on a request for approval"),
    ("approval_delegate", "handed an approval on"),
    ("approval_freeze", "required approval for everything"),
    ("approval_page", "opened the page of a request for approval"),
    ("approval_policy_end", "ended an approval policy"),
    ("approval_policy_set", "set an approval policy"),
    ("approval_request", "asked for approval"),
    ("approval_unfreeze", "ended the approval for everything"),
    ("approval_withdraw", "withdrew a request for approval"),
    ("asset_add", "added a picture or video"),
    ("asset_fetch", "added a picture or video"),
    ("audit_export", "exported the audit log"),
    ("campaign_change", "changed a campaign"),
    ("campaign_create", "made a campaign"),
    ("campaign_schedule", "launched a campaign"),
    ("comment_add", "commented on a post"),
    ("comment_delete", "deleted a comment"),
    ("consent_give", "agreed to how data is used"),
    ("consent_withdraw", "took a consent back"),
    ("crisis_delete", "deleted what was published in a crisis"),
    ("crisis_end", "ended a crisis"),
    ("crisis_note", "took a note on a crisis"),
    ("crisis_report", "wrote the report of a crisis"),
    ("crisis_revoke", "revoked keys and tokens in a crisis"),
    ("crisis_start", "began or joined a crisis"),
    ("held_release", "released held posts"),
    ("held_resolve", "settled an unknown outcome"),
    ("invitation_revoke", "revoked an invitation"),
    ("key_create", "made an API key"),
    ("key_revoke", "revoked an API key"),
    ("knowledge_add", "added or replaced a document"),
    ("knowledge_ask", "asked the documents"),
    ("knowledge_rate", "rated an answer"),
    ("knowledge_remove", "removed a document"),
    ("member_add", "added a member"),
    ("member_change", "changed or removed a member"),
    ("member_email", "changed a member's address"),
    ("member_hand_over", "handed a member's work over"),
    ("member_invite", "invited somebody"),
    ("member_leave", "left the workspace"),
    ("notification_choose", "chose which notifications to get"),
    // Until there were two ways.
    ("notification_choose_mail", "chose which notifications to get"),
    ("notification_mark_read", "read notifications"),
    ("pack_add", "added credits"),
    ("pack_end", "ended a pack of credits"),
    ("passphrase_renew", "made a link for a new passphrase"),
    ("passphrase_set", "set the own passphrase"),
    ("person_erase", "had personal data erased"),
    ("person_export", "exported personal data"),
    ("plan_set", "set the plan"),
    ("post_cancel", "cancelled a post"),
    ("post_create", "drafted a post"),
    ("post_delete", "deleted a post"),
    ("post_edit", "changed a public post"),
    ("post_evergreen", "marked a post for recycling"),
    ("post_publish", "published a post"),
    ("post_restore", "restored a version of a post"),
    ("post_schedule", "scheduled a post"),
    ("post_update", "changed a post"),
    ("posts_export", "exported posts"),
    ("posts_import", "imported posts"),
    ("publishing_pause", "paused publishing"),
    ("publishing_resume", "resumed publishing"),
    ("queue_set", "changed an account's queue"),
    ("recycling_run", "recycled a post"),
    ("recycling_set", "changed an account's recycling"),
    ("retention_set", "changed how long things are kept"),
    ("reviewer_add", "added a reviewer"),
    ("reviewer_erase", "had a reviewer's data erased"),
    ("reviewer_remove", "removed a reviewer"),
    ("segment_publish", "published a message of a post"),
    ("series_create", "made a series"),
    ("series_end", "ended a series"),
    ("series_fill", "made posts of a series"),
    ("task_create", "made a task"),
    ("task_update", "changed a task"),
    ("ticket_answer", "wrote to a ticket"),
    ("ticket_assign", "assigned a ticket"),
    ("ticket_close", "closed a ticket"),
    ("ticket_document", "made a document of a ticket"),
    ("ticket_open", "opened a ticket"),
    ("workspace_change", "changed the workspace's settings"),
    ("workspace_create", "made the workspace"),
    ("workspace_erase", "erased the workspace"),
    ("workspace_export", "exported the workspace"),
    ("workspace_transfer", "handed the workspace over"),
];

/// What the caller of a use case did; `None` for one that is not known here.
pub fn did(use_case: &str) -> Option<&'static str> {
    DID.iter().find(|(name, _)| *name == use_case).map(|(_, words)| *words)
}

/// One entry as a sentence without its subject: `scheduled a post: “Fresh bread”`. `refused`: the code of the refusal.
pub fn sentence(use_case: &str, refused: Option<&str>, about: Option<&str>) -> String {
    let words = did(use_case).map_or_else(|| format!("used {use_case}"), str::to_owned);
    let about = about.map_or_else(String::new, |about| format!(": “{about}”"));
    match refused {
        None => format!("{words}{about}"),
        Some(code) => format!("would have {words}{about}, and was refused ({code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_makes_sentences() {
        assert!(DID.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(sentence("post_schedule", None, Some("Fresh bread")), "scheduled a post: “Fresh bread”");
        assert_eq!(
            sentence("post_publish", Some("role_too_low"), None),
            "would have published a post, and was refused (role_too_low)"
        );
        assert_eq!(sentence("something_new", None, None), "used something_new");
    }
}
