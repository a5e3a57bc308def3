//! How a question and its answer are shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::knowledge::{
        ask::shown,
        cited::{self, AnswerSource},
    },
    clock::Timestamp,
    error::Result,
    ids::AnswerId,
    model::answers::AnswerKind,
    store::knowledge::answers::Answer,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AnswerView {
    pub id: AnswerId,
    pub question: String,
    /// Missing where a document that it quotes is gone or not for you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    pub kind: AnswerKind,
    pub confidence: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<AnswerSource>,
    pub escalated: bool,
    pub asked_at: Timestamp,
}

pub(crate) fn answer(answer: Answer) -> Result<AnswerView> {
    let sources = if answer.readable { cited::read(&answer.sources)? } else { Vec::new() };
    Ok(AnswerView {
        id: answer.answer_id,
        question: answer.question,
        answer: Some(answer.answer).filter(|_| answer.readable),
        kind: answer.kind,
        confidence: shown(answer.confidence),
        sources,
        escalated: answer.escalated,
        asked_at: answer.asked_at,
    })
}
