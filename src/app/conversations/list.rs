//! Conversations of the caller, the latest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::{
        cursor,
        notifications::note::short,
        posts::query::check_limit,
        use_case::{Effect, Local, Locally, Scope, UseCase},
    },
    clock::Timestamp,
    error::{Error, Result},
    ids::ConversationId,
    model::roles::Permission,
    store::knowledge::answers,
};

/// Letters of the first question.
const BEGINNING: usize = 120;

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationList {
    /// Conversations per page, 1 to 100. Default 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// next_cursor of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Conversations {
    pub conversations: Vec<ConversationLine>,
    /// Missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ConversationLine {
    pub id: ConversationId,
    /// How the first question begins.
    pub first: String,
    pub questions: i64,
    pub started_at: Timestamp,
    pub last_at: Timestamp,
}

impl UseCase for ConversationList {
    type Input = Self;
    type Output = Conversations;
    type Form = Locally;
    const NAME: &'static str = "conversation_list";
    const NEEDS: Permission = Permission::AskKnowledge;
    const EFFECT: Effect = Effect::Read;
}

impl Local for ConversationList {
    async fn run(scope: &mut Scope<'_>, input: Self) -> Result<Conversations> {
        let limit = check_limit(input.limit, 100)?;
        let member = scope.ctx.member().ok_or_else(|| Error::invalid("no_member", "Only members ask."))?;
        let list = format!("conversations {member}");
        let after = input.cursor.as_deref().map(|text| cursor::open(scope.app, &list, text)).transpose()?;
        let workspace = scope.ctx.workspace;
        let mut rows = answers::conversations(scope.tx, workspace, member, after, i64::from(limit) + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|row| cursor::seal(scope.app, &list, row.last_at, row.conversation_id.uuid()));
        let line = |row: answers::Conversation| ConversationLine {
            id: row.conversation_id,
            first: short(&row.first, BEGINNING),
            questions: row.questions,
            started_at: row.started_at,
            last_at: row.last_at,
        };
        Ok(Conversations { conversations: rows.into_iter().map(line).collect(), next_cursor })
    }
}
