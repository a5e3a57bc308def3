//! Tables of knowledge: documents and what is made of them, questions and answers, tickets.

use super::{Holding, Tie, table};

/// Made of documents, and made anew from them.
const MADE_OF: &str = "made of documents, which are exported";

pub(super) const HOLDINGS: &[Holding] = &[
    table(
        "knowledge_state",
        "how the documents stand",
        "workspace_id product_sha256 revision model vectors indexed",
    ),
    table(
        "documents",
        "documents, and who may see them",
        "workspace_id document_id source path url title category audience language given state problem_code problem \
         content_sha256 chunks tokens notes added_by created_at updated_at",
    )
    .about(&[Tie::Member("added_by")], "stays: the workspace's; who added it leads to nobody. What is written in documents stays"),
    table("document_contents", "their files, as they were given", "workspace_id document_id name content_type content sha256")
        .kept("as long as their document"),
    table(
        "chunks",
        "their text, in pieces, and what they are asked for",
        "workspace_id chunk_id document_id position section also heading_path body tokens questions sha256 language audience length model",
    )
    .kept("as long as their document"),
    table("chunk_vectors", "what pieces mean, in numbers", "workspace_id model chunk_id window_no audience starts ends question indexed embedding")
        .left_out(MADE_OF),
    table("chunk_terms", "words of pieces", "workspace_id language lexeme chunk_id audience count length").left_out(MADE_OF),
    table("term_stats", "how often words are in documents", "workspace_id language lexeme audience chunks").left_out(MADE_OF),
    table("chunk_stats", "how long pieces are", "workspace_id language audience chunks length").left_out(MADE_OF),
    table("product_vectors", "what the product's own documents mean, in numbers", "model sha256 embedding")
        .left_out("about the product")
        .stays(),
    table(
        "knowledge_due",
        "whose documents are to be read",
        "workspace_id due_at lease_until fence again",
    )
    .left_out("the queue: ids and times"),
    table("conversations", "questions that belong together", "workspace_id conversation_id member_id started_at last_at")
        .about(&[Tie::Member("member_id")], "deleted")
        .kept("the days of `conversations` after the last question"),
    table(
        "answers",
        "what members asked, and what was answered",
        "workspace_id answer_id conversation_id member_id question language answer kind confidence sources escalated asked_at",
    )
    .about(&[Tie::Member("member_id")], "deleted; where others name the person, the name is replaced")
    .kept("as long as the conversation"),
    table("answer_ratings", "what members think of answers", "workspace_id answer_id member_id helpful comment rated_at")
        .about(&[Tie::Member("member_id")], "deleted")
        .kept("as long as the conversation"),
    table("chunk_ratings", "what that says of pieces of documents", "workspace_id chunk_id member_id helpful rated_at")
        .about(&[Tie::Member("member_id")], "deleted")
        .kept("as long as the document"),
    table(
        "tickets",
        "questions that people answer",
        "workspace_id ticket_id member_id conversation_id answer_id subject state assignee_id document_id version opened_at \
         updated_at closed_at",
    )
    .about(
        &[Tie::Member("member_id"), Tie::Member("assignee_id")],
        "those that the person opened are closed and lose their subject; in others the name is replaced",
    )
    .kept("the days of `tickets` after they are closed: then their words are removed"),
    table("ticket_messages", "what was written to them", "workspace_id ticket_id message_id member_id text written_at")
        .about(&[Tie::Member("member_id")], "the words are removed; in those of others the name is replaced")
        .kept("the days of `tickets` after the ticket is closed: then the words are removed"),
];
