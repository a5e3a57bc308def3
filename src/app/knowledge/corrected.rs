//! A question with its mistyped words put right, where the documents do not have them as they stand. A model that reads meaning is
//! thrown off by them more than a person is.

use std::collections::BTreeMap;

use crate::{
    app::{App, ctx::Ctx, knowledge::product},
    error::Result,
    ids::WorkspaceId,
    model::{
        documents::Language,
        knowledge::bit,
        roles::Role,
        spelling::{self, Doubtful},
    },
    store::{db::Tx, knowledge::words},
};

/// Stems whose words are compared with one that the documents do not have.
const NEAREST: usize = 12;
/// Words that are compared so; where there are more, the question is about something else.
const UNKNOWN_MOST: usize = 4;

/// None when nothing is mistyped. What is for other roles decides nothing.
pub(super) async fn corrected(app: &App, ctx: &Ctx, role: Role, query: &str) -> Result<Option<String>> {
    // Most names that people ask about are the product's; these need no look at the documents.
    let doubtful = spelling::doubtful(query, product::has_word);
    if doubtful.is_empty() {
        return Ok(None);
    }
    let mut tx = app.db.tenant(ctx.workspace, ctx.actor.entrance(), app.now()).await?.0;
    let documents = Documents { workspace: ctx.workspace, role: bit(role) };
    let right = documents.right(&mut tx, &doubtful, Language::of_question(query).is_some()).await?;
    tx.finish_read();
    let words =
        doubtful.iter().filter_map(|doubtful| Some((doubtful.range.clone(), right.get(&doubtful.word)?.as_str())));
    Ok((!right.is_empty()).then(|| spelling::replaced(query, words)))
}

/// Of a role.
struct Documents {
    workspace: WorkspaceId,
    role: i16,
}

impl Documents {
    /// What is meant by the words, where it is another one. `english` says that the language was told and is not a guess.
    async fn right(&self, tx: &mut Tx, doubtful: &[Doubtful], english: bool) -> Result<BTreeMap<String, String>> {
        let known = self.known(tx, doubtful).await?;
        let chunks = |word: &str| known.get(word).copied().unwrap_or_default();
        let mut right = BTreeMap::new();
        let mut unknown = Vec::new();
        for doubtful in doubtful.iter().filter(|doubtful| chunks(&doubtful.word) == 0) {
            // Of those in as many chunks the first, which is the likeliest.
            match doubtful.meant.iter().rev().max_by_key(|word| chunks(word)) {
                Some(meant) if english || chunks(meant) > 0 => {
                    _ = right.insert(doubtful.word.clone(), (*meant).to_owned())
                }
                Some(_) => {}
                None => unknown.push(doubtful.word.clone()),
            }
        }
        self.compare(tx, unknown, &mut right).await?;
        Ok(right)
    }

    /// In how many chunks each word is, and each that may be meant.
    async fn known(&self, tx: &mut Tx, doubtful: &[Doubtful]) -> Result<BTreeMap<String, i64>> {
        let corpora = words::corpora(tx, self.workspace, self.role).await?;
        let languages = corpora.into_iter().filter_map(|corpus| {
            let language = Language::parse(&corpus.language).unwrap_or(Language::Other);
            language.has_spaces().then(|| (corpus.language, language.text_search_config().to_owned()))
        });
        let words: Vec<String> = doubtful
            .iter()
            .flat_map(|doubtful| {
                std::iter::once(&*doubtful.word).chain(doubtful.meant.iter().copied()).map(str::to_owned)
            })
            .collect();
        let known = words::known(tx, self.workspace, self.role, &words, &languages.unzip()).await?;
        Ok(known.into_iter().map(|known| (known.word, known.chunks)).collect())
    }

    /// Words that nobody has reported as mistakes, with the documents' own: names of products and things.
    async fn compare(&self, tx: &mut Tx, words: Vec<String>, right: &mut BTreeMap<String, String>) -> Result<()> {
        if words.is_empty() || words.len() > UNKNOWN_MOST {
            return Ok(());
        }
        let english = Language::English.code();
        let mut prefixes: Vec<String> = words.iter().flat_map(|word| spelling::prefixes(word)).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        let vocabulary = words::vocabulary(tx, self.workspace, self.role, english, &prefixes).await?;
        let near: Vec<String> = words
            .iter()
            .flat_map(|word| spelling::stems(word, &vocabulary).into_iter().take(NEAREST).map(str::to_owned))
            .collect();
        let forms = words::forms(tx, self.workspace, self.role, english, &near).await?;
        for word in words {
            if let Some((meant, _)) = spelling::meant(&word, &forms) {
                right.insert(word, meant.clone());
            }
        }
        Ok(())
    }
}
