//! Arguments for tools: the least that each takes, and other ids put in the place of its own.

use allin::tools::registry::ToolSpec;
use serde_json::{Map, Value, json};

use super::cases::Ids;

/// What a tool is called with so that it succeeds. A new tool is added here; the tests fail until it is.
pub fn least(tool: &str, own: Ids) -> Value {
    let post = json!({ "post_id": own.post });
    match tool {
        "account_list"
        | "approval_list"
        | "approval_policies"
        | "calendar_get"
        | "campaign_list"
        | "crisis_status"
        | "member_activity"
        | "member_invitations"
        | "member_list"
        | "network_rules"
        | "notification_list"
        | "notification_mark_read"
        | "plan_get"
        | "post_query"
        | "posts_export"
        | "queue_get"
        | "recycling_get"
        | "series_list"
        | "task_list"
        | "conversation_list"
        | "knowledge_list"
        | "ticket_list"
        | "workspace_overview"
        | "audit_query" => json!({}),
        "approval_get" | "approval_page" | "approval_withdraw" => json!({ "approval_id": own.approval }),
        "approval_request" => post,
        "approval_freeze" => json!({ "reason": "a test" }),
        "crisis_start" => json!({ "reason": "a test" }),
        "crisis_delete" => json!({ "post_ids": [own.post] }),
        "account_connect" => json!({ "network": "sandbox" }),
        "account_test" | "best_times" | "queue_set" | "recycling_set" => json!({ "account_id": own.account }),
        "asset_add" => json!({ "path": "picture.png" }),
        "held_list" => json!({}),
        "held_release" => json!({ "release": "drop" }),
        "held_resolve" => json!({ "post_id": own.post, "attempt_id": own.attempt, "outcome": "look_again" }),
        "publishing_pause" => json!({ "reason": "a test" }),
        "publishing_resume" => json!({}),
        "post_edit" => json!({ "post_id": own.post, "texts": ["Other"] }),
        "campaign_create" => json!({ "name": "A campaign" }),
        "campaign_get" => json!({ "campaign_id": own.campaign }),
        "campaign_schedule" => json!({ "campaign_id": own.campaign, "at": "2027-01-01T09:00" }),
        "posts_import" => json!({ "content": "text\nA text\n" }),
        "post_create" => json!({ "segments": [{ "text": "A text" }], "account_ids": [own.account] }),
        "post_evergreen" => json!({ "post_id": own.post, "evergreen": true }),
        "post_schedule" => json!({ "post_id": own.post, "at": "2027-01-01T09:00" }),
        "comment_add" => json!({ "post_id": own.post, "text": "A comment" }),
        "comment_delete" => json!({ "comment_id": own.comment }),
        "post_restore" => json!({ "post_id": own.post, "version": 1 }),
        "task_create" => json!({ "title": "A task" }),
        "task_update" => json!({ "task_id": own.task }),
        "receipt_get" | "comment_list" | "post_cancel" | "post_delete" | "post_diff" | "post_get" | "post_history"
        | "post_metrics" | "post_preview" | "post_publish" | "post_update" => post,
        "series_create" => json!({ "post_id": own.post, "rule": "FREQ=DAILY;COUNT=1", "starts": "2027-01-01T09:00" }),
        "knowledge_add" => json!({ "text": "# A document\n\nWords.", "path": "case.md" }),
        "knowledge_get" => json!({ "chunk_id": own.chunk }),
        "knowledge_remove" => json!({ "document": own.document }),
        "knowledge_search" => json!({ "query": "How do I pause all publishing?" }),
        "knowledge_ask" => json!({ "question": "Who invented the Najdorf variation?" }),
        "knowledge_rate" => json!({ "answer_id": own.answer, "helpful": true }),
        "conversation_get" => json!({ "conversation_id": own.conversation }),
        "ticket_open" => json!({ "answer_id": own.answer }),
        "ticket_answer" => json!({ "ticket_id": own.ticket, "text": "An answer" }),
        "ticket_document" => json!({ "ticket_id": own.ticket, "text": "An answer" }),
        "ticket_assign" | "ticket_close" | "ticket_get" => json!({ "ticket_id": own.ticket }),
        "series_end" => json!({ "series_id": own.series }),
        other => panic!("tests/it/support/arguments.rs has no arguments for the tool {other}"),
    }
}

impl Ids {
    /// The id of a kind, by its prefix.
    pub fn of(&self, prefix: &str) -> String {
        match prefix {
            "post" => self.post.to_string(),
            "acc" => self.account.to_string(),
            "mbr" => self.member.to_string(),
            "cmp" => self.campaign.to_string(),
            "ast" => self.asset.to_string(),
            "key" => self.key.to_string(),
            "att" => self.attempt.to_string(),
            "con" => self.page.to_string(),
            "srs" => self.series.to_string(),
            "pack" => self.pack.to_string(),
            "note" => self.note.to_string(),
            "apr" => self.approval.to_string(),
            "pol" => self.policy.to_string(),
            "rvw" => self.reviewer.to_string(),
            "cmt" => self.comment.to_string(),
            "task" => self.task.to_string(),
            "inc" => self.incident.to_string(),
            "conv" => self.conversation.to_string(),
            "ans" => self.answer.to_string(),
            "doc" => self.document.to_string(),
            "tkt" => self.ticket.to_string(),
            "chk" => self.chunk.to_string(),
            "inv" => self.invitation.to_string(),
            other => panic!("tests/it/support/arguments.rs knows no id of the kind {other}"),
        }
    }
}

/// The prefix of the ids that a schema takes.
fn id_kind(schema: &Value) -> Option<&str> {
    schema["pattern"].as_str()?.strip_prefix('^')?.strip_suffix("_[0-9a-z]{26}$")
}

/// Where in its arguments a tool takes ids, as paths of names with `[]` for the items of a list.
pub fn id_paths(spec: &ToolSpec) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    collect(&Value::Object((*spec.tool.input_schema).clone()), &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    if let Some(kind) = id_kind(schema) {
        found.push((path.clone(), kind.to_owned()));
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        collect(inner, path, found);
        path.pop();
    }
    if schema["items"].is_object() {
        path.push("[]".into());
        collect(&schema["items"], path, found);
        path.pop();
    }
}

/// The least arguments with `id` at `path`; what is missing on the way is made after the schema, of our own.
pub fn with_id(spec: &ToolSpec, own: Ids, path: &[String], id: &str) -> Value {
    let mut arguments = least(spec.name, own);
    put(&Value::Object((*spec.tool.input_schema).clone()), &mut arguments, path, id, own);
    arguments
}

fn put(schema: &Value, place: &mut Value, path: &[String], id: &str, own: Ids) {
    let Some((step, rest)) = path.split_first() else {
        *place = json!(id);
        return;
    };
    if step == "[]" {
        let items = &schema["items"];
        if place.as_array().is_none_or(Vec::is_empty) {
            *place = json!([example(items, own)]);
        }
        return put(items, &mut place[0], rest, id, own);
    }
    let inner = &schema["properties"][step];
    if place.get(step).is_none() {
        place[step] = example(inner, own);
    }
    put(inner, &mut place[step], rest, id, own);
}

/// Some value that fits: required fields only.
fn example(schema: &Value, own: Ids) -> Value {
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().filter_map(Value::as_str);
            Value::Object(
                fields.map(|name| (name.to_owned(), example(&schema["properties"][name], own))).collect::<Map<_, _>>(),
            )
        }
        Some("array") => json!([example(&schema["items"], own)]),
        Some("string") => id_kind(schema).map_or_else(|| json!("words"), |kind| json!(own.of(kind))),
        other => panic!("no example for {other:?}"),
    }
}
