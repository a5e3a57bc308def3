//! Questions of one language over the paragraphs of another or the same.

use allin::{
    app::{
        ctx::Ctx,
        knowledge::{
            evaluate::load::load,
            find::{By, Wanted, find_by},
            read,
        },
    },
    boot::Booted,
    error::{Error, Result},
    model::{
        documents::{Language, ParsedChunk, ParsedDocument},
        evaluation::ranking::{self, Ranking},
    },
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    data::Data,
    workspace::{tell, workspace},
};

/// Languages that are asked in over English paragraphs; the promise is for the first eight.
pub const LANGUAGES: [&str; 9] = ["de", "es", "ru", "tr", "vi", "zh", "ar", "hi", "th"];
/// Languages that are asked in over paragraphs of their own, too.
pub const SAME: [&str; 4] = ["de", "ru", "zh", "th"];
const AT_ONCE: usize = 3;

/// Paragraphs of a language in a workspace of their own.
pub struct Texts {
    pub ctx: Ctx,
    pub language: Language,
}

/// What was measured of one pair of languages.
#[derive(Clone)]
pub struct Pair {
    pub asked_in: Language,
    pub texts_in: Language,
    pub meaning: f64,
    pub words: f64,
    pub both: f64,
    /// Share of the questions for which words find nothing.
    pub empty: f64,
}

pub async fn paragraphs(booted: &Booted, data: &Data) -> Result<Texts> {
    tell(&format!("{} paragraphs", data.language.name()));
    let ctx = workspace(booted, data.language.name()).await?;
    let all = data.articles.iter().enumerate().flat_map(|(article, of)| {
        of.paragraphs.iter().enumerate().map(move |(number, paragraph)| (path(article, number), &paragraph.context))
    });
    let parsed: Vec<(String, ParsedDocument)> =
        all.map(|(path, text)| (path, document("-", text, data.language))).collect();
    fill(booted, &ctx, &parsed).await?;
    Ok(Texts { ctx, language: data.language })
}

/// Documents that were read, with their vectors.
pub async fn fill(booted: &Booted, ctx: &Ctx, parsed: &[(String, ParsedDocument)]) -> Result<()> {
    load(&booted.app, ctx, parsed).await?;
    while read::step(&booted.app).await? {}
    Ok(())
}

pub fn path(article: usize, number: usize) -> String {
    format!("{article}/{number}.md")
}

/// One chunk.
pub fn document(title: &str, text: &str, language: Language) -> ParsedDocument {
    let tokens = u32::try_from(allin::documents::tokens(text)).unwrap_or(u32::MAX);
    let chunk = ParsedChunk {
        questions: Vec::new(),
        heading_path: Vec::new(),
        section: String::new(),
        also: Vec::new(),
        body: text.to_owned(),
        start: 0,
        end: u32::try_from(text.len()).unwrap_or(u32::MAX),
        tokens,
    };
    ParsedDocument {
        title: title.to_owned(),
        language: Some(language),
        category: None,
        audience: None,
        chunks: vec![chunk],
        warnings: Vec::new(),
    }
}

pub async fn ask(booted: &Booted, texts: &Texts, data: &Data) -> Result<Pair> {
    tell(&format!("{} questions, {} paragraphs", data.language.name(), texts.language.name()));
    let questions: Vec<(&str, String)> = data
        .articles
        .iter()
        .enumerate()
        .flat_map(|(article, of)| {
            of.paragraphs.iter().enumerate().flat_map(move |(number, paragraph)| {
                paragraph.qas.iter().map(move |asked| (asked.question.as_str(), path(article, number)))
            })
        })
        .collect();
    let meaning = rankings(booted, texts, &questions, By::Meaning).await?;
    let words = rankings(booted, texts, &questions, By::Words).await?;
    let both = rankings(booted, texts, &questions, By::Both).await?;
    let empty: Vec<&Ranking> = words.iter().filter(|ranking| ranking.found.is_empty()).collect();
    Ok(Pair {
        asked_in: data.language,
        texts_in: texts.language,
        meaning: ndcg(&meaning),
        words: ndcg(&words),
        both: ndcg(&both),
        empty: empty.len() as f64 / words.len().max(1) as f64,
    })
}

fn ndcg(rankings: &[Ranking]) -> f64 {
    ranking::ndcg_at(&rankings.iter().collect::<Vec<_>>(), 10)
}

async fn rankings(booted: &Booted, texts: &Texts, questions: &[(&str, String)], by: By) -> Result<Vec<Ranking>> {
    let search = |(question, path): &(&str, String)| {
        let wanted = Wanted { query: (*question).to_owned(), k: 10, ..Wanted::default() };
        let path = path.clone();
        async move {
            let found = find_by(&booted.app, &texts.ctx, &wanted, by).await?;
            let found = found.hits.iter().map(|hit| hit.path == path).collect();
            Ok::<_, Error>(Ranking { found, relevant: 1 })
        }
    };
    stream::iter(questions.iter().map(search)).buffered(AT_ONCE).try_collect().await
}
