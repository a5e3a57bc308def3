//! One conversation of the caller.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        conversations::{
            no_such_conversation,
            view::{self, AnswerView},
        },
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    error::Result,
    ids::ConversationId,
    model::{knowledge::bit, roles::Permission},
    store::knowledge::answers,
};

/// Questions that are shown: the last.
const MOST: i64 = 100;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationGet {
    pub conversation_id: ConversationId,
}

/// Oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WholeConversation {
    pub conversation_id: ConversationId,
    pub answers: Vec<AnswerView>,
}

impl UseCase for ConversationGet {
    type Input = Self;
    type Output = WholeConversation;
    type Form = Locally;
    const NAME: &'static str = "conversation_get";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ConversationGet {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<WholeConversation> {
        let (workspace, id) = (scope.ctx.workspace, input.conversation_id);
        let owner = answers::owner(scope.tx, workspace, id).await?;
        if owner.is_none() || owner != scope.ctx.member() {
            return Err(no_such_conversation());
        }
        let role = bit(scope.role());
        let mut found = answers::of_conversation(scope.tx, workspace, id, role, MOST).await?;
        found.reverse();
        let answers = found.into_iter().map(view::answer).collect::<Result<_>>()?;
        Ok(WholeConversation { conversation_id: id, answers })
    }
}
