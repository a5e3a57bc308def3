//! A question with its mistyped words put right, where the documents do not have them as they stand. A model that reads meaning is
//! thrown off by them more than a person is.

use crate::{
    app::{App, ctx::Ctx},
    error::Result,
    model::{
        documents::Language,
        knowledge::bit,
        roles::Role,
        spelling::{self, Mistyped},
    },
    store::knowledge::search::{self, Known},
};

/// None when nothing is mistyped. What is for other roles decides nothing.
pub(super) async fn corrected(app: &App, ctx: &Ctx, role: Role, query: &str) -> Result<Option<String>> {
    let mistyped = spelling::mistyped(query);
    if mistyped.is_empty() {
        return Ok(None);
    }
    let mut words: Vec<String> = Vec::new();
    for found in &mistyped {
        words.push(written(query, found));
        words.extend(found.meant.iter().map(|word| (*word).to_owned()));
    }
    let mut tx = app.db.tenant(ctx.workspace, ctx.actor.entrance(), app.now()).await?.0;
    let corpora = search::corpora(&mut tx, ctx.workspace, bit(role)).await?;
    let spaced: Vec<(String, String)> = corpora
        .iter()
        .map(|corpus| (corpus, Language::parse(&corpus.language).unwrap_or(Language::Other)))
        .filter(|(_, language)| language.has_spaces())
        .map(|(corpus, language)| (corpus.language.clone(), language.text_search_config().to_owned()))
        .collect();
    let known = search::known(&mut tx, ctx.workspace, bit(role), &words, &spaced.into_iter().unzip()).await?;
    tx.finish_read();
    let chunks = |word: &str| known.iter().find(|known| known.word == word).map_or(0, |Known { chunks, .. }| *chunks);
    let english = Language::of_question(query).is_some();
    let right: Vec<_> = mistyped
        .iter()
        .filter(|found| chunks(&written(query, found)) == 0)
        // Of those in as many chunks the first, which is the likeliest.
        .filter_map(|found| Some((found.range.clone(), *found.meant.iter().rev().max_by_key(|word| chunks(word))?)))
        .filter(|(_, word)| english || chunks(word) > 0)
        .collect();
    Ok((!right.is_empty()).then(|| spelling::replaced(query, right.into_iter())))
}

fn written(query: &str, found: &Mistyped) -> String {
    query.get(found.range.clone()).unwrap_or_default().to_lowercase()
}
