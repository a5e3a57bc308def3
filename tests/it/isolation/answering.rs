//! A conversation with what belongs to it, in a filled workspace.

use allin::{
    app::{
        knowledge::{add::KnowledgeAdd, ask::KnowledgeAsk, rate::KnowledgeRate, settle::settle},
        tickets::{answer::TicketAnswer, open::TicketOpen},
    },
    ids::{AnswerId, ChunkId, ConversationId, DocumentId, TicketId},
};

use crate::support::{TestApp, people::Team};

pub struct Answering {
    pub conversation: ConversationId,
    pub answer: AnswerId,
    pub ticket: TicketId,
    pub document: DocumentId,
    pub chunk: ChunkId,
}

/// A document, an answer from it with a rating, a ticket about it, and a document that waits to be read.
pub async fn answering(app: &TestApp, team: &Team, mark: &str) -> Answering {
    let ctx = team.person(app);
    let text = format!("# The {mark} document\n\nThe {mark} is fed at noon by the {mark} keeper.\n");
    let document = KnowledgeAdd { text: Some(text), path: Some(format!("{mark}.md")), ..KnowledgeAdd::default() };
    let document = app.call_once::<KnowledgeAdd>(&ctx, document).await.unwrap().document.id;
    settle(app, &ctx, |_| ()).await.unwrap();
    let input =
        KnowledgeAsk { question: format!("When is the {mark} fed by the {mark} keeper?"), ..KnowledgeAsk::default() };
    let asked = app.call_once::<KnowledgeAsk>(&ctx, input).await.unwrap();
    assert!(!asked.sources.is_empty(), "{asked:?}");
    let comment = Some(format!("{mark} rating"));
    let rating = KnowledgeRate { answer_id: asked.answer_id, helpful: true, comment };
    app.call_once::<KnowledgeRate>(&ctx, rating).await.unwrap();
    let open = TicketOpen { answer_id: asked.answer_id, text: Some(format!("{mark} ticket")) };
    let ticket = app.call_once::<TicketOpen>(&ctx, open).await.unwrap().ticket.id;
    let text = format!("{mark} message");
    app.call_once::<TicketAnswer>(&ctx, TicketAnswer { ticket_id: ticket, text, version: None }).await.unwrap();
    let waiting = KnowledgeAdd {
        text: Some(format!("# The {mark} plan\n\nThe {mark} moves.")),
        path: Some(format!("{mark}-waiting.md")),
        ..KnowledgeAdd::default()
    };
    app.call_once::<KnowledgeAdd>(&ctx, waiting).await.unwrap();
    let mut superuser = app.database.superuser().await;
    let chunk = sqlx::query_scalar("select chunk_id from chunks where document_id = $1 limit 1");
    let chunk = ChunkId(chunk.bind(document.uuid()).fetch_one(&mut superuser).await.unwrap());
    // Without the product's own documents, thousands of rows that every case would be put back with; and as where there is an
    // embedding model, and while there is something to read.
    for sql in [
        "delete from documents where workspace_id = $1 and source = 'product'",
        "delete from term_stats where workspace_id = $1",
        "insert into term_stats select workspace_id, language, lexeme, audience, count(*) from chunk_terms
         where workspace_id = $1 group by 1, 2, 3, 4",
        "delete from chunk_stats where workspace_id = $1",
        "insert into chunk_stats select workspace_id, language, audience, count(*), sum(length) from chunks
         where workspace_id = $1 group by 1, 2, 3",
        "insert into chunk_vectors (workspace_id, model, chunk_id, window_no, audience, starts, ends, embedding)
         select workspace_id, 1, chunk_id, 0, audience, 0, 1, array_fill(0.05::real, array[384])::halfvec
         from chunks where workspace_id = $1 limit 1",
        // Nobody reads it meanwhile.
        "insert into knowledge_due (workspace_id, due_at) values ($1, now() + interval '1 year')
         on conflict (workspace_id) do update set due_at = excluded.due_at",
    ] {
        sqlx::query(sql).bind(team.workspace.uuid()).execute(&mut superuser).await.unwrap();
    }
    Answering { conversation: asked.conversation_id, answer: asked.answer_id, ticket, document, chunk }
}
