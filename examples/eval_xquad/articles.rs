//! Whole articles in the chunks that the product cuts: whether the first chunk that is found holds the paragraph that
//! answers, also where the answer comes late in its chunk.

use allin::{
    app::knowledge::find::{By, Wanted, find_by},
    boot::Booted,
    documents,
    error::{Error, Result},
    model::documents::{Language, ParsedChunk, ParsedDocument},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    data::{Article, Data},
    pairs::fill,
    workspace::{tell, workspace},
};

const AT_ONCE: usize = 3;
/// From here on an answer comes late; one vector over a whole chunk has forgotten it by then.
const LATE_TOKENS: usize = 300;

/// How often the first chunk is one that answers.
#[derive(Clone, Copy, Default)]
pub struct Hits {
    pub questions: usize,
    pub all: f64,
    pub late_questions: usize,
    pub late: f64,
}

pub struct Articles {
    pub chunks: usize,
    pub meaning: Hits,
    pub words: Hits,
    pub both: Hits,
}

/// A question, the bodies that answer it, and whether the answer comes late.
struct Asked<'a> {
    question: &'a str,
    answering: Vec<String>,
    late: bool,
}

pub async fn ask(booted: &Booted, english: &Data) -> Result<Articles> {
    tell("whole articles");
    let ctx = workspace(booted, "articles").await?;
    let mut parsed = Vec::new();
    let mut asked = Vec::new();
    for (number, article) in english.articles.iter().enumerate() {
        let texts: Vec<&str> = article.paragraphs.iter().map(|paragraph| paragraph.context.as_str()).collect();
        let text = texts.join("\n\n");
        let document = documents::parse(text.as_bytes(), "article.md", Some("text/markdown"))
            .map_err(|_| Error::internal("an article is refused"))?;
        let document = ParsedDocument { title: "-".into(), language: Some(Language::English), ..document };
        asked.extend(questions(article, &document.chunks));
        parsed.push((format!("{number}.md"), document));
    }
    fill(booted, &ctx, &parsed).await?;
    let mut by = [Hits::default(); 3];
    for (hits, way) in by.iter_mut().zip([By::Meaning, By::Words, By::Both]) {
        let search = |asked: &Asked<'_>| {
            let wanted = Wanted { query: asked.question.to_owned(), k: 1, ..Wanted::default() };
            let (answering, late) = (asked.answering.clone(), asked.late);
            let ctx = &ctx;
            async move {
                let found = find_by(&booted.app, ctx, &wanted, way).await?;
                Ok::<_, Error>((late, found.hits.first().is_some_and(|hit| answering.contains(&hit.body))))
            }
        };
        let found: Vec<(bool, bool)> = stream::iter(asked.iter().map(search)).buffered(AT_ONCE).try_collect().await?;
        *hits = counted(&found);
    }
    let [meaning, words, both] = by;
    Ok(Articles { chunks: parsed.iter().map(|(_, document)| document.chunks.len()).sum(), meaning, words, both })
}

/// Those of an article whose paragraph is whole in some chunk.
fn questions<'a>(article: &'a Article, chunks: &[ParsedChunk]) -> Vec<Asked<'a>> {
    let mut asked = Vec::new();
    for paragraph in &article.paragraphs {
        let holds: Vec<(&ParsedChunk, usize)> =
            chunks.iter().filter_map(|chunk| Some((chunk, chunk.body.find(paragraph.context.trim())?))).collect();
        let Some((first, place)) = holds.first() else { continue };
        for question in &paragraph.qas {
            let before = question.answers.first().map_or(0, |answer| answer.answer_start);
            let answer = place + paragraph.context.chars().take(before).map(char::len_utf8).sum::<usize>();
            asked.push(Asked {
                question: &question.question,
                answering: holds.iter().map(|(chunk, _)| chunk.body.clone()).collect(),
                late: documents::tokens(first.body.get(..answer).unwrap_or_default()) > LATE_TOKENS,
            });
        }
    }
    asked
}

fn counted(found: &[(bool, bool)]) -> Hits {
    let share = |of: &[&(bool, bool)]| of.iter().filter(|(_, hit)| *hit).count() as f64 / of.len().max(1) as f64;
    let all: Vec<_> = found.iter().collect();
    let late: Vec<_> = found.iter().filter(|(late, _)| *late).collect();
    Hits { questions: all.len(), all: share(&all), late_questions: late.len(), late: share(&late) }
}
