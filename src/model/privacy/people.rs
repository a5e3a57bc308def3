//! Tables about people in a workspace: members, invitations, mail, what they say to each other, what they decide.

use super::{Holding, Tie, table};

const IDS_STAY: &str = "stays: ids and times, which lead to nobody";

pub(super) const HOLDINGS: &[Holding] = &[
    table("members", "who is or was in the workspace", "workspace_id member_id person_id display_name role created_at removed_at")
        .about(&[Tie::Member("member_id")], "the name is replaced; the row stays, because posts and decisions refer to it"),
    table(
        "consents",
        "who agreed to what, and when",
        "workspace_id consent_id member_id purpose text_version text_hash given at act origin request_id renew_by",
    )
    .about(&[Tie::Member("member_id")], "stays, without a name: it shows on what ground data was kept"),
    table("api_keys", "keys of members, without the key", "workspace_id api_key_id member_id name prefix created_at expires_at revoked_at")
        .about(&[Tie::Member("member_id")], "revoked, the name replaced"),
    table("account_grants", "which member may use which account", "workspace_id account_id member_id created_at")
        .about(&[Tie::Member("member_id")], "deleted")
        .kept("until taken back"),
    table(
        "connect_requests",
        "pages on which an account's secret is entered",
        "workspace_id connect_id member_id network base_url created_at expires_at attempts used_at account_id",
    )
    .about(&[Tie::Member("member_id")], IDS_STAY),
    table(
        "invitations",
        "who was invited, and by whom",
        "workspace_id invitation_id again member_id display_name email by_mail role accounts invited_by created_at expires_at \
         attempts used_at revoked_at",
    )
    .about(
        &[Tie::Member("member_id"), Tie::Member("invited_by"), Tie::Address("email")],
        "deleted where it was for the person; those that the person made stay, with ids",
    )
    .kept("the days of `invitations` after they end"),
    table(
        "letters",
        "mail with a link, to people who need not be members",
        "workspace_id letter_id kind subject_id display_name address title opening closing page_url sealed state problem \
         created_at expires_at",
    )
    .secret(&[("sealed", "the token of a link that still works")])
    .about(&[Tie::Address("address")], "deleted where it went to the person; in others the name is replaced")
    .kept("the days of `invitations` after they were sent"),
    table(
        "notifications",
        "what members were told",
        "workspace_id notification_id member_id kind account_id post_id code title cause next_step created_at read_at mail \
         mail_problem posts names shown",
    )
    .about(&[Tie::Member("member_id")], "deleted; in those of others the name is replaced")
    .kept("the days of `notifications`"),
    table("notification_choices", "what a member wants to be told, and how", "workspace_id member_id kind mail app")
        .about(&[Tie::Member("member_id")], "deleted"),
    table(
        "post_comments",
        "what is said about posts",
        "workspace_id comment_id post_id member_id actor reply_to post_version text mentioned created_at deleted_at deleted_by",
    )
    .about(
        &[Tie::Member("member_id"), Tie::Members("mentioned"), Tie::Member("deleted_by")],
        "the words are removed, the place stays; where others mention the person, the name is replaced",
    )
    .kept("the days of `comments`: then the words are removed"),
    table(
        "tasks",
        "what is to be done, by whom",
        "workspace_id task_id title note state creator_id assignee_id post_id campaign_id due_at soon_told_at overdue_told_at \
         version created_at updated_at closed_at",
    )
    .about(
        &[Tie::Member("creator_id"), Tie::Member("assignee_id")],
        "closed ones that the person made lose title and note; open ones are the team's and stay; the name is replaced in all",
    )
    .kept("the days of `tasks` after they are closed: then title and note are removed"),
    table("reviewers", "people outside who approve", "workspace_id reviewer_id name email created_by created_at removed_at")
        .about(
            &[Tie::Member("created_by"), Tie::Address("email")],
            "name and address are replaced, once the reviewer is removed",
        ),
    table(
        "review_links",
        "links to approvals, for whom",
        "workspace_id link_id request_id member_id reviewer_id created_at expires_at attempts used_at",
    )
    .about(&[Tie::Member("member_id")], IDS_STAY),
    table(
        "approval_policies",
        "who must approve what",
        "workspace_id policy_id name account_ids tags contents window_minutes own_allowed created_by created_at ended_by ended_at",
    )
    .about(&[Tie::Member("created_by"), Tie::Member("ended_by")], IDS_STAY),
    table(
        "approval_steps",
        "the steps of a policy",
        "workspace_id policy_id ordinal role member_ids reviewer_ids need deadline_hours escalate_to",
    )
    .about(&[Tie::Members("member_ids")], IDS_STAY),
    table(
        "approval_freezes",
        "whiles in which everything needs approval",
        "workspace_id freeze_id reason started_by started_at until ended_by ended_at",
    )
    .about(&[Tie::Actor("started_by"), Tie::Member("ended_by")], "the reason is replaced where the person gave it"),
    table(
        "incidents",
        "crises",
        "workspace_id incident_id reason since started_by started_at told_at ended_by ended_at",
    )
    .about(&[Tie::Actor("started_by"), Tie::Member("ended_by")], "the reason is replaced where the person gave it"),
    table("incident_attempts", "what was being sent when a crisis began", "workspace_id incident_id attempt_id"),
    table("incident_notes", "notes on a crisis", "workspace_id note_id incident_id text actor created_at")
        .about(&[Tie::Actor("actor")], "the words are replaced where they are the person's"),
    table(
        "approval_requests",
        "what was to be approved",
        "workspace_id request_id post_id version digest not_before not_after state requested_by note created_at ended_at",
    )
    .about(&[Tie::Actor("requested_by")], "the note is removed"),
    table(
        "approval_turns",
        "whose turn it was, until when",
        "workspace_id request_id policy_id ordinal opened_at deadline_at reminded_at escalated_at",
    ),
    table(
        "approval_delegations",
        "who decides in whose place",
        "workspace_id request_id policy_id ordinal from_member to_member delegated_by delegated_at",
    )
    .about(&[Tie::Member("from_member"), Tie::Member("to_member"), Tie::Member("delegated_by")], IDS_STAY),
    table(
        "approval_decisions",
        "who decided what, signed",
        "workspace_id decision_id request_id post_id policy_id ordinal verdict member_id reviewer_id on_behalf_of digest \
         not_before not_after comment proof key_id signature decided_at",
    )
    .about(
        &[Tie::Member("member_id"), Tie::Member("on_behalf_of")],
        "the comment is removed; the decision and its signature stay, and can be checked",
    )
    .kept("as long as the workspace: it is proof"),
];
