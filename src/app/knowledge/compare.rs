//! All chunks of a role compared with a question: by words alone, by both, through the index for many.

use std::sync::PoisonError;

use uuid::Uuid;

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::{find::Wanted, question::Words},
    },
    error::Result,
    ids::WorkspaceId,
    model::confidence::Weights,
    store::{
        db::Tx,
        knowledge::{
            search::{self, Compared, Meaning, Part, Scored},
            state::State,
            vectors,
        },
    },
};

/// Chunks that are measured before the best are chosen.
const MEASURED: i64 = 50;
/// From so many vectors on they are compared in two halves: fewer take hardly longer than a second transaction.
const HALVED: i64 = 2000;

pub(super) struct Search<'a> {
    pub app: &'a App,
    pub ctx: &'a Ctx,
    pub workspace: WorkspaceId,
    pub role: i16,
    pub wanted: &'a Wanted,
    pub state: &'a State,
}

impl Search<'_> {
    pub async fn scored(&self, tx: &mut Tx, words: &Words, meaning: Option<&Meaning<'_>>) -> Result<Vec<Scored>> {
        let without: Vec<Uuid> = self.wanted.without.iter().map(|id| id.uuid()).collect();
        let compared = Compared {
            role: self.role,
            languages: &words.languages,
            lexemes: &words.lexemes,
            rarities: &words.rarities,
            lengths: &words.lengths,
            wholes: &words.wholes,
            category: self.wanted.category.as_deref(),
            language: self.wanted.language.as_deref(),
            without: &without,
            limit: MEASURED,
        };
        let filtered = compared.category.is_some() || compared.language.is_some();
        match meaning {
            None => search::by_words(tx, self.workspace, &compared).await,
            Some(meaning) if self.state.indexed && !filtered => {
                let found = search::indexed(tx, self.workspace, &compared, meaning).await?;
                // The index stops looking where few of what it finds are for the role; then all are compared.
                if found.len() >= self.wanted.k.min(20) {
                    return Ok(found);
                }
                self.exact(tx, &compared, meaning).await
            }
            Some(meaning) => self.exact(tx, &compared, meaning).await,
        }
    }

    /// In two halves at the same time where there are many vectors and nobody waits for the place: a search that is alone has
    /// two processors.
    async fn exact(&self, tx: &mut Tx, compared: &Compared<'_>, meaning: &Meaning<'_>) -> Result<Vec<Scored>> {
        let place = (self.state.vectors >= HALVED).then(|| self.app.knowledge.searching.try_acquire().ok()).flatten();
        let middle = if place.is_some() { self.middle(tx, meaning.model).await? } else { None };
        let Some(middle) = middle else { return search::exact(tx, self.workspace, compared, meaning, Part::ALL).await };
        let [first, second] = Part::halves(middle);
        let other = async {
            let entrance = self.ctx.actor.entrance();
            let mut tx = self.app.db.tenant(self.workspace, entrance, self.app.now()).await?.0;
            let found = search::exact(&mut tx, self.workspace, compared, meaning, second).await?;
            tx.finish_read();
            Ok(found)
        };
        let (mut found, more) = tokio::try_join!(search::exact(tx, self.workspace, compared, meaning, first), other)?;
        found.extend(more);
        let Weights { cosine, words, missing, .. } = meaning.weights;
        let worth = |scored: &Scored| scored.cosine.unwrap_or(missing) * cosine + scored.words * words;
        found.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.chunk_id.cmp(&b.chunk_id)));
        found.truncate(usize::try_from(MEASURED).unwrap_or_default());
        Ok(found)
    }

    /// Looked for once a revision of the documents.
    async fn middle(&self, tx: &mut Tx, model: i64) -> Result<Option<Uuid>> {
        let middles = &self.app.knowledge.middles;
        let key = (self.workspace, self.state.revision, model);
        let known = middles.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if known.is_some() {
            return Ok(known);
        }
        let found = vectors::middle(tx, self.workspace, model, self.state.vectors).await?;
        if let Some(middle) = found {
            middles.lock().unwrap_or_else(PoisonError::into_inner).put(key, middle);
        }
        Ok(found)
    }
}
