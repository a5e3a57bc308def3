//! A question as the database compares it: its words in the form of each language that the role has documents in, how rare
//! each is, and what was probably meant by a word that no document has.

use std::collections::BTreeMap;

use crate::{
    error::Result,
    ids::WorkspaceId,
    model::{documents::Language, lexemes, spelling},
    store::{
        db::Tx,
        knowledge::words::{self, Corpus, Term},
    },
};

/// Side by side, one entry a word and language.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    pub languages: Vec<String>,
    pub lexemes: Vec<String>,
    pub rarities: Vec<f32>,
    /// Mean length of the language's chunks.
    pub lengths: Vec<f32>,
    /// Rarity of all of the question's words in the language, those that no chunk has included.
    pub wholes: Vec<f32>,
    /// How many words that no chunk has all of the question's words are worth, by language.
    pub worths: BTreeMap<String, f32>,
}

/// From here on, what a fifth of the chunks say is left out: it costs most and tells least (facts: a thirtieth of the
/// quality for half of the time).
const MANY_CHUNKS: i64 = 2000;
const COMMON_SHARE: f64 = 0.2;
/// Words that are compared with those of the documents: a long text of others would take a second.
const MISTYPED_MOST: usize = 20;
/// What a corrected word counts against one that was written so.
const CORRECTED: f32 = 0.8;

impl Words {
    /// `whole` are words of the query that the embedding model knows.
    pub async fn read(tx: &mut Tx, workspace: WorkspaceId, role: i16, asked: (&str, &[String])) -> Result<Self> {
        let (query, whole) = asked;
        let corpora = words::corpora(tx, workspace, role).await?;
        if corpora.is_empty() {
            return Ok(Self::default());
        }
        let mut spaced = (Vec::new(), Vec::new());
        let mut counted = (Vec::new(), Vec::new());
        for corpus in &corpora {
            let language = Language::parse(&corpus.language).unwrap_or(Language::Other);
            if language.has_spaces() {
                spaced.0.push(corpus.language.clone());
                spaced.1.push(language.text_search_config().to_owned());
                for (name, _) in lexemes::identifiers(query) {
                    counted.0.push(corpus.language.clone());
                    counted.1.push(name);
                }
            } else {
                for (lexeme, _) in lexemes::lexemes(query, language) {
                    counted.0.push(corpus.language.clone());
                    counted.1.push(lexeme);
                }
            }
        }
        let terms = words::terms(tx, workspace, role, query, (&spaced.0, &spaced.1), (&counted.0, &counted.1)).await?;
        let mut words = Self::default();
        let english = spelling::english(query);
        let asked = Asked { workspace, role, language: Language::detect(query), english, whole };
        for corpus in &corpora {
            let own: Vec<&Term> = terms.iter().filter(|term| term.language == corpus.language).collect();
            words.add(tx, &asked, corpus, &own).await?;
        }
        Ok(words)
    }

    async fn add(&mut self, tx: &mut Tx, asked: &Asked<'_>, corpus: &Corpus, terms: &[&Term]) -> Result<()> {
        let mut weighed: Vec<(String, i64, f32)> = Vec::new();
        let unknown: Vec<&str> =
            terms.iter().filter(|term| term.chunks == 0).map(|term| term.lexeme.as_str()).collect();
        // Where most words are unknown, a question in another language has no mistyped ones.
        let foreign = asked.language.is_some_and(|language| language.code() != corpus.language);
        let unknown = if foreign && unknown.len() * 2 > terms.len() { Vec::new() } else { unknown };
        let mistyped = unknown.into_iter().filter(|word| !asked.is_right(word, corpus));
        let mistyped: Vec<&str> = mistyped.take(MISTYPED_MOST).collect();
        let known = vocabulary(tx, asked, corpus, &mistyped).await?;
        for term in terms {
            if term.chunks > 0 {
                weighed.push((term.lexeme.clone(), term.chunks, 1.0));
            } else if mistyped.contains(&term.lexeme.as_str())
                && let Some((meant, chunks)) = spelling::meant(&term.lexeme, &known)
            {
                weighed.push((meant.clone(), *chunks, CORRECTED));
            } else {
                weighed.push((term.lexeme.clone(), 0, 1.0));
            }
        }
        // Two words may have been meant to be one.
        weighed.sort_by(|a, b| a.0.cmp(&b.0).then(b.2.total_cmp(&a.2)));
        weighed.dedup_by(|later, first| later.0 == first.0);
        let whole: f32 = weighed.iter().map(|(_, chunks, _)| rarity(corpus.chunks, *chunks)).sum();
        self.worths.insert(corpus.language.clone(), whole / rarity(corpus.chunks, 0));
        let mean = if corpus.chunks > 0 { corpus.length / as_f64(corpus.chunks) } else { 1.0 };
        for (lexeme, chunks, share) in weighed {
            let common = corpus.chunks > MANY_CHUNKS && as_f64(chunks) > COMMON_SHARE * as_f64(corpus.chunks);
            if chunks == 0 || common {
                continue;
            }
            self.languages.push(corpus.language.clone());
            self.lexemes.push(lexeme);
            self.rarities.push(share * rarity(corpus.chunks, chunks));
            self.lengths.push(as_f32(mean.max(1.0)));
            self.wholes.push(whole.max(f32::MIN_POSITIVE));
        }
        Ok(())
    }
}

/// What holds for every language of the documents.
struct Asked<'a> {
    workspace: WorkspaceId,
    role: i16,
    language: Option<Language>,
    english: Vec<String>,
    whole: &'a [String],
}

impl Asked<'_> {
    /// Whether it is a word although the documents do not have it. What the model knows is a weaker sign: it is no dictionary.
    fn is_right(&self, lexeme: &str, corpus: &Corpus) -> bool {
        let words = if corpus.language == Language::English.code() { &self.english } else { self.whole };
        words.iter().any(|word| spelling::is_form(lexeme, &word.to_lowercase()))
    }
}

async fn vocabulary(tx: &mut Tx, asked: &Asked<'_>, corpus: &Corpus, mistyped: &[&str]) -> Result<Vec<(String, i64)>> {
    let mut prefixes: Vec<String> = mistyped.iter().flat_map(|word| spelling::prefixes(word)).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    if prefixes.is_empty() {
        return Ok(Vec::new());
    }
    words::vocabulary(tx, asked.workspace, asked.role, &corpus.language, &prefixes).await
}

/// Inverse document frequency as BM25 has it; never negative.
fn rarity(all: i64, with: i64) -> f32 {
    let (all, with) = (as_f64(all), as_f64(with));
    as_f32((1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln())
}

#[expect(clippy::cast_precision_loss, reason = "counts of chunks, far below what a double holds exactly")]
const fn as_f64(count: i64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "scores need no more than single precision")]
const fn as_f32(value: f64) -> f32 {
    value as f32
}
