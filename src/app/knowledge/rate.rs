//! Say whether an answer helped. It counts once a member and answer, can be changed, and moves what is found by little, and
//! only where members agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    app::use_case::{Effect, Local, Locally, Scope, UseCase},
    error::{Error, Result},
    ids::AnswerId,
    model::{knowledge::bit, prose, roles::Permission},
    store::knowledge::{
        answers::{self, Answer},
        ratings::{self, Rating},
        state,
    },
};

/// Characters of a comment.
const COMMENT_MOST: usize = 2000;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnowledgeRate {
    /// From knowledge_ask; one of your own.
    pub answer_id: AnswerId,
    pub helpful: bool,
    /// What was wrong or missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KnowledgeRated {
    pub message: String,
    pub answer_id: AnswerId,
    pub helpful: bool,
    /// It takes the place of another rating of yours.
    pub changed: bool,
}

impl UseCase for KnowledgeRate {
    type Input = Self;
    type Output = KnowledgeRated;
    type Form = Locally;
    const NAME: &'static str = "knowledge_rate";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Write;
}

impl Local for KnowledgeRate {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<KnowledgeRated> {
        let workspace = scope.ctx.workspace;
        let answer = own_answer(scope, input.answer_id).await?;
        let comment = input.comment.as_deref().map(|text| prose::lines(text).text).filter(|text| !text.is_empty());
        if comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_MOST) {
            return Err(Error::invalid("comment_too_long", "The comment is too long.")
                .field("comment", format!("at most {COMMENT_MOST} characters")));
        }
        // Before the rows that a search would read, as whoever changes documents does.
        state::lock(scope.tx, workspace).await?;
        let before = ratings::get(scope.tx, workspace, answer.answer_id, answer.member_id).await?;
        let rating = Rating { answer: answer.answer_id, member: answer.member_id, helpful: input.helpful, comment };
        let changed = before.as_ref().is_some_and(|before| *before != rating);
        if before.is_none() || changed {
            ratings::put(scope.tx, workspace, &rating, scope.now).await?;
            let chunks = answers::cited(scope.tx, workspace, answer.answer_id).await?;
            if ratings::put_chunks(scope.tx, workspace, &chunks, &rating, scope.now).await? > 0 {
                state::changed(scope.tx, workspace).await?;
            }
            let how = json!({ "helpful": rating.helpful, "commented": rating.comment.is_some() });
            scope.changed("answer", answer.answer_id, how);
        }
        let message = match (input.helpful, answer.escalated) {
            (true, _) => "Thank you.",
            (false, true) => "Thank you. A ticket for it is open already.",
            (false, false) => "Thank you. To have a person answer: ticket_open with this answer_id.",
        };
        Ok(KnowledgeRated { message: message.into(), answer_id: answer.answer_id, helpful: input.helpful, changed })
    }
}

/// An answer that the caller was given.
pub(crate) async fn own_answer(scope: &mut Scope<'_>, id: AnswerId) -> Result<Answer> {
    let role = bit(scope.role());
    let found = answers::get(scope.tx, scope.ctx.workspace, id, role).await?;
    let own = scope.ctx.member();
    found.filter(|answer| Some(answer.member_id) == own).ok_or_else(no_such_answer)
}

/// The same whether it never was or is somebody else's.
pub(crate) fn no_such_answer() -> Error {
    Error::not_found("answer_not_found", "There is no such answer of yours in this workspace.")
        .next("knowledge_ask gives an answer_id; conversation_get shows those of before.")
        .field("answer_id", "one of your own")
}
