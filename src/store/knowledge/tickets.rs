//! Tickets: questions that a person answers, and what is written to them.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Result,
    ids::{AnswerId, ConversationId, DocumentId, MemberId, TicketId, TicketMessageId, WorkspaceId},
    model::tickets::TicketState,
};

#[derive(Debug, Clone)]
pub struct Ticket {
    pub ticket_id: TicketId,
    pub member_id: MemberId,
    pub member_name: String,
    pub conversation_id: Option<ConversationId>,
    pub answer_id: Option<AnswerId>,
    pub subject: String,
    pub state: TicketState,
    pub assignee_id: Option<MemberId>,
    pub assignee_name: Option<String>,
    pub document_id: Option<DocumentId>,
    pub version: i32,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

struct Row {
    ticket_id: TicketId,
    member_id: MemberId,
    member_name: String,
    conversation_id: Option<ConversationId>,
    answer_id: Option<AnswerId>,
    subject: String,
    state: String,
    assignee_id: Option<MemberId>,
    assignee_name: Option<String>,
    document_id: Option<DocumentId>,
    version: i32,
    opened_at: Timestamp,
    updated_at: Timestamp,
    closed_at: Option<Timestamp>,
}

impl Row {
    fn read(self) -> Result<Ticket> {
        Ok(Ticket {
            ticket_id: self.ticket_id,
            member_id: self.member_id,
            member_name: self.member_name,
            conversation_id: self.conversation_id,
            answer_id: self.answer_id,
            subject: self.subject,
            state: self.state.parse()?,
            assignee_id: self.assignee_id,
            assignee_name: self.assignee_name,
            document_id: self.document_id,
            version: self.version,
            opened_at: self.opened_at,
            updated_at: self.updated_at,
            closed_at: self.closed_at,
        })
    }
}

/// What a member wrote to a ticket.
#[derive(Debug, Clone)]
pub struct Message {
    pub message_id: TicketMessageId,
    pub member_id: MemberId,
    pub member_name: String,
    pub text: String,
    pub written_at: Timestamp,
}

pub async fn insert(db: &mut PgConnection, workspace: WorkspaceId, new: &Ticket) -> Result<()> {
    sqlx::query!(
        "insert into tickets (workspace_id, ticket_id, member_id, conversation_id, answer_id, subject, state, opened_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        workspace.uuid(),
        new.ticket_id.uuid(),
        new.member_id.uuid(),
        new.conversation_id.map(ConversationId::uuid),
        new.answer_id.map(AnswerId::uuid),
        new.subject,
        new.state.as_str(),
        new.opened_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what can change, and raises the version.
pub async fn update(db: &mut PgConnection, workspace: WorkspaceId, ticket: &Ticket, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "update tickets set state = $3, assignee_id = $4, document_id = $5, closed_at = $6, version = version + 1, updated_at = $7
         where workspace_id = $1 and ticket_id = $2",
        workspace.uuid(),
        ticket.ticket_id.uuid(),
        ticket.state.as_str(),
        ticket.assignee_id.map(MemberId::uuid),
        ticket.document_id.map(DocumentId::uuid),
        ticket.closed_at,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds the ticket until the transaction ends.
pub async fn lock(db: &mut PgConnection, workspace: WorkspaceId, id: TicketId) -> Result<()> {
    sqlx::query!(
        "select 1 as one from tickets where workspace_id = $1 and ticket_id = $2 for update",
        workspace.uuid(),
        id.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// Keeps the member from opening a second ticket with this subject until the transaction ends. Other subjects go on.
pub async fn hold_subject(db: &mut PgConnection, member: MemberId, subject: &str) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext($1), hashtext($2))", member.to_string(), subject)
        .fetch_one(db)
        .await?;
    Ok(())
}

/// The member's ticket about the same that is not closed, and how it stands: with this subject since then, or of this answer.
pub async fn same(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    member: MemberId,
    subject: &str,
    since: Timestamp,
    answer: Option<AnswerId>,
) -> Result<Option<(TicketId, TicketState)>> {
    let row = sqlx::query!(
        r#"select ticket_id as "ticket_id: TicketId", state from tickets
           where workspace_id = $1 and member_id = $2 and state <> 'closed'
             and (lower(subject) = lower($3) and opened_at >= $4 or answer_id = $5)
           order by opened_at desc, ticket_id desc limit 1"#,
        workspace.uuid(),
        member.uuid(),
        subject,
        since,
        answer.map(AnswerId::uuid)
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok((row.ticket_id, row.state.parse()?))).transpose()
}

/// How many of a member wait for an answer.
pub async fn open_of(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from tickets where workspace_id = $1 and member_id = $2 and state = 'open'"#,
        workspace.uuid(),
        member.uuid()
    )
    .fetch_one(db)
    .await?)
}

/// What narrows a list; what is left out means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub ticket: Option<TicketId>,
    pub state: Option<TicketState>,
    /// Opened by this member.
    pub of: Option<MemberId>,
    /// Taken care of by this member.
    pub assignee: Option<MemberId>,
    /// Without a state closed ones are left out.
    pub closed_too: bool,
    /// From this change and id on, not included.
    pub after: Option<(Timestamp, Uuid)>,
}

/// The last changed first.
pub async fn list(db: &mut PgConnection, workspace: WorkspaceId, filter: &Filter, limit: i64) -> Result<Vec<Ticket>> {
    let (after_at, after_id) = filter.after.unzip();
    sqlx::query_as!(
        Row,
        r#"select t.ticket_id as "ticket_id: _", t.member_id as "member_id: _", m.display_name as member_name,
                  t.conversation_id as "conversation_id: _", t.answer_id as "answer_id: _", t.subject, t.state,
                  t.assignee_id as "assignee_id: _", a.display_name as "assignee_name?", t.document_id as "document_id: _",
                  t.version, t.opened_at, t.updated_at, t.closed_at
           from tickets t
           join members m on m.workspace_id = t.workspace_id and m.member_id = t.member_id
           left join members a on a.workspace_id = t.workspace_id and a.member_id = t.assignee_id
           where t.workspace_id = $1 and ($2::uuid is null or t.ticket_id = $2) and ($3::text is null or t.state = $3)
             and ($4::uuid is null or t.member_id = $4) and ($5::uuid is null or t.assignee_id = $5)
             and ($6 or t.state <> 'closed')
             and ($7::timestamptz is null or (t.updated_at, t.ticket_id) < ($7, $8::uuid))
           order by t.updated_at desc, t.ticket_id desc limit $9"#,
        workspace.uuid(),
        filter.ticket.map(TicketId::uuid),
        filter.state.map(TicketState::as_str),
        filter.of.map(MemberId::uuid),
        filter.assignee.map(MemberId::uuid),
        filter.closed_too,
        after_at,
        after_id,
        limit
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

pub async fn get(db: &mut PgConnection, workspace: WorkspaceId, id: TicketId) -> Result<Option<Ticket>> {
    let filter = Filter { ticket: Some(id), closed_too: true, ..Filter::default() };
    Ok(list(db, workspace, &filter, 1).await?.pop())
}

pub async fn write(db: &mut PgConnection, workspace: WorkspaceId, ticket: TicketId, new: &Message) -> Result<()> {
    sqlx::query!(
        "insert into ticket_messages (workspace_id, ticket_id, message_id, member_id, text, written_at)
         values ($1, $2, $3, $4, $5, $6)",
        workspace.uuid(),
        ticket.uuid(),
        new.message_id.uuid(),
        new.member_id.uuid(),
        new.text,
        new.written_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Oldest first.
pub async fn messages(db: &mut PgConnection, workspace: WorkspaceId, ticket: TicketId) -> Result<Vec<Message>> {
    Ok(sqlx::query_as!(
        Message,
        r#"select w.message_id as "message_id: _", w.member_id as "member_id: _", m.display_name as member_name, w.text,
                  w.written_at
           from ticket_messages w join members m using (workspace_id, member_id)
           where w.workspace_id = $1 and w.ticket_id = $2 order by w.message_id limit 500"#,
        workspace.uuid(),
        ticket.uuid()
    )
    .fetch_all(db)
    .await?)
}

/// How many messages it has.
pub async fn written(db: &mut PgConnection, workspace: WorkspaceId, ticket: TicketId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from ticket_messages where workspace_id = $1 and ticket_id = $2"#,
        workspace.uuid(),
        ticket.uuid()
    )
    .fetch_one(db)
    .await?)
}
