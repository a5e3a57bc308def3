//! Conversations: questions and what was answered. What an answer quotes is shown as long as its documents are for whoever
//! reads it.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AnswerId, ChunkId, ConversationId, MemberId, WorkspaceId},
    model::answers::AnswerKind,
};

/// A question and its answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub answer_id: AnswerId,
    pub conversation_id: ConversationId,
    pub member_id: MemberId,
    pub question: String,
    pub language: String,
    pub answer: String,
    pub kind: AnswerKind,
    pub confidence: f32,
    /// As they were shown: document, chunk, path, title, section, address.
    pub sources: Value,
    pub escalated: bool,
    pub asked_at: Timestamp,
    /// Whether all documents that it quotes are there and for the role that reads it. True when it is written.
    pub readable: bool,
}

struct Row {
    answer_id: AnswerId,
    conversation_id: ConversationId,
    member_id: MemberId,
    question: String,
    language: String,
    answer: String,
    kind: String,
    confidence: f32,
    sources: Value,
    escalated: bool,
    asked_at: Timestamp,
    readable: bool,
}

impl Row {
    fn read(self) -> Result<Answer> {
        Ok(Answer {
            answer_id: self.answer_id,
            conversation_id: self.conversation_id,
            member_id: self.member_id,
            question: self.question,
            language: self.language,
            answer: self.answer,
            kind: self.kind.parse()?,
            confidence: self.confidence,
            sources: self.sources,
            escalated: self.escalated,
            asked_at: self.asked_at,
            readable: self.readable,
        })
    }
}

/// Writes the answer, and its conversation when it is the first of it. `false`: the conversation is somebody else's.
pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &Answer) -> Result<bool> {
    let done = sqlx::query!(
        "with conversation as (
             insert into conversations as c (workspace_id, conversation_id, member_id, started_at, last_at)
             values ($1, $3, $11, $10, $10)
             on conflict (workspace_id, conversation_id) do update set last_at = excluded.last_at
                 where c.member_id = excluded.member_id
             returning 1)
         insert into answers (workspace_id, answer_id, conversation_id, member_id, question, language, answer, kind, confidence,
                              sources, escalated, asked_at)
         select $1, $2, $3, $11, $4, $5, $6, $7, $8, $9, $12, $10 from conversation",
        workspace.uuid(),
        new.answer_id.uuid(),
        new.conversation_id.uuid(),
        new.question,
        new.language,
        new.answer,
        new.kind.as_str(),
        new.confidence,
        new.sources,
        new.asked_at,
        new.member_id.uuid(),
        new.escalated
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whose conversation it is.
pub async fn owner(db: &mut PgConnection, workspace: WorkspaceId, id: ConversationId) -> Result<Option<MemberId>> {
    Ok(sqlx::query_scalar!(
        r#"select member_id as "member_id: MemberId" from conversations where workspace_id = $1 and conversation_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?)
}

/// The last answers of a conversation, newest first, as a role may read them.
pub async fn of_conversation(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    id: ConversationId,
    role: i16,
    limit: i64,
) -> Result<Vec<Answer>> {
    sqlx::query_as!(
        Row,
        r#"select a.answer_id as "answer_id: _", a.conversation_id as "conversation_id: _", a.member_id as "member_id: _",
                  a.question, a.language, a.answer, a.kind, a.confidence, a.sources, a.escalated, a.asked_at,
                  not exists (select from jsonb_array_elements(a.sources) s
                              left join documents d on d.workspace_id = a.workspace_id
                                   and d.document_id = (s ->> 'document')::uuid and d.audience & $3 <> 0
                              where d.document_id is null) as "readable!"
           from answers a where a.workspace_id = $1 and a.conversation_id = $2
           order by a.asked_at desc, a.answer_id desc limit $4"#,
        workspace.uuid(),
        id.uuid(),
        role,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

/// One answer, as a role may read it.
pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: AnswerId, role: i16) -> Result<Option<Answer>> {
    let row = sqlx::query_as!(
        Row,
        r#"select a.answer_id as "answer_id: _", a.conversation_id as "conversation_id: _", a.member_id as "member_id: _",
                  a.question, a.language, a.answer, a.kind, a.confidence, a.sources, a.escalated, a.asked_at,
                  not exists (select from jsonb_array_elements(a.sources) s
                              left join documents d on d.workspace_id = a.workspace_id
                                   and d.document_id = (s ->> 'document')::uuid and d.audience & $3 <> 0
                              where d.document_id is null) as "readable!"
           from answers a where a.workspace_id = $1 and a.answer_id = $2"#,
        workspace.uuid(),
        id.uuid(),
        role
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::read).transpose()
}

/// Chunks that an answer cited and that are still there.
pub async fn cited(db: &mut PgConnection, workspace: WorkspaceId, id: AnswerId) -> Result<Vec<ChunkId>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct k.chunk_id as "chunk_id: ChunkId" from answers a, jsonb_array_elements(a.sources) s
           join chunks k on k.workspace_id = $1 and k.chunk_id = (s ->> 'chunk')::uuid
           where a.workspace_id = $1 and a.answer_id = $2"#,
        workspace.uuid(),
        id.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// A line of a member's list.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub conversation_id: ConversationId,
    /// The first question of it.
    pub first: String,
    pub questions: i64,
    pub started_at: Timestamp,
    pub last_at: Timestamp,
}

/// Of one member, the latest first.
pub async fn conversations(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Conversation>> {
    let (after_at, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Conversation,
        r#"select c.conversation_id as "conversation_id: _", c.started_at, c.last_at,
                  coalesce((select a.question from answers a where a.workspace_id = $1 and a.conversation_id = c.conversation_id
                            order by a.asked_at, a.answer_id limit 1), '') as "first!",
                  (select count(*) from answers a where a.workspace_id = $1 and a.conversation_id = c.conversation_id)
                      as "questions!"
           from conversations c
           where c.workspace_id = $1 and c.member_id = $2
             and ($3::timestamptz is null or (c.last_at, c.conversation_id) < ($3, $4::uuid))
           order by c.last_at desc, c.conversation_id desc limit $5"#,
        workspace.uuid(),
        member.uuid(),
        after_at,
        after_id,
        limit
    )
    .fetch_all(db)
    .await?)
}
