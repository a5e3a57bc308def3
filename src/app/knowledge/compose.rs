//! From what was found to an answer: written by the language model and checked sentence by sentence, else quoted. What the
//! documents say is data on every way: it chooses no tool, no source and no escalation.

use serde::Deserialize;

use super::{cited, prompt};
use crate::{
    app::{
        App,
        knowledge::{
            cited::AnswerSource,
            find::{Findings, Hit},
        },
    },
    clients::llm::{self, Llm, Prompt},
    error::{Error, Result},
    ids::fill_random,
    model::{
        answers::AnswerKind,
        documents::Language,
        extract::{Chunk, extract},
        grounding::{Claim, Source, ground},
        knowledge::SearchMode,
        wording::{Frame, framed},
    },
};

/// Most tokens of a written answer.
const TOKENS: u32 = 1200;

/// An earlier question of the conversation.
pub struct Turn {
    pub question: String,
    /// Missing where it said nothing, or is no longer for the asker.
    pub answer: Option<String>,
}

pub struct Question<'a> {
    pub text: &'a str,
    pub language: Language,
    /// Newest first.
    pub turns: &'a [Turn],
    pub doing: Option<&'a str>,
}

/// An answer that is not kept yet. Without text when there is none.
pub struct Composed {
    pub text: String,
    pub kind: AnswerKind,
    pub confidence: f32,
    pub sources: Vec<AnswerSource>,
    pub mode: SearchMode,
    pub note: Option<String>,
}

/// Never fails: without the language model the documents are quoted, and without documents nobody makes anything up.
pub async fn compose(app: &App, question: &Question<'_>, found: &Findings) -> Composed {
    let mut composed = Composed {
        text: String::new(),
        kind: AnswerKind::None,
        confidence: found.confidence,
        sources: Vec::new(),
        mode: found.mode,
        note: found.note.clone(),
    };
    if found.hits.is_empty() || found.confidence < found.threshold {
        return composed;
    }
    let written = match &app.settings.llm {
        Some(llm) => Some(write(llm, question, &found.hits).await),
        None => None,
    };
    match written {
        Some(Ok(Written { parts, dropped })) => {
            if dropped > 0 {
                note(
                    &mut composed,
                    format!("{dropped} sentence(s) of the language model were left out: the documents do not say so."),
                );
            }
            if !parts.is_empty() {
                composed.kind = AnswerKind::Written;
                assemble(&mut composed, &found.hits, &parts, " ");
            }
        }
        Some(Err(error)) => {
            tracing::warn!(error = error.chain(), "the language model wrote no answer");
            note(
                &mut composed,
                format!("Quoted from the documents, because of the language model: {error} [{}]", error.code()),
            );
            quote(&mut composed, question, found);
        }
        None => quote(&mut composed, question, found),
    }
    composed
}

fn note(composed: &mut Composed, more: String) {
    composed.note = Some(composed.note.take().map_or_else(|| more.clone(), |before| format!("{before} {more}")));
}

/// A piece of an answer, and which hits it is from.
struct Part {
    text: String,
    hits: Vec<usize>,
}

fn quote(composed: &mut Composed, question: &Question<'_>, found: &Findings) {
    // What does not answer by itself is no part of an answer, however near it comes.
    let answering = found.hits.iter().take_while(|hit| hit.score >= found.threshold);
    let chunks: Vec<Chunk<'_>> =
        answering.map(|hit| Chunk { body: &hit.body, heading_path: &hit.heading_path, nearest: hit.nearest }).collect();
    let parts: Vec<Part> = extract(&found.query, &chunks)
        .into_iter()
        .map(|quote| Part { text: quote.text, hits: vec![quote.chunk] })
        .collect();
    if parts.is_empty() {
        return;
    }
    composed.kind = AnswerKind::Extract;
    composed.text = format!("{}\n\n", framed(question.language.code(), Frame::Quoted));
    assemble(composed, &found.hits, &parts, "\n\n");
}

/// Adds the parts with their marks, and the sources in the order in which they are named.
fn assemble(composed: &mut Composed, hits: &[Hit], parts: &[Part], between: &str) {
    let mut named: Vec<usize> = Vec::new();
    let mut text = Vec::new();
    for part in parts {
        let mut marks = String::new();
        for hit in &part.hits {
            let number = named.iter().position(|known| known == hit).unwrap_or_else(|| {
                named.push(*hit);
                named.len() - 1
            });
            marks.push_str(&format!("[{}]", number + 1));
        }
        // A fence ends with its line.
        let gap = if part.text.ends_with("```") { "\n" } else { " " };
        text.push(format!("{}{gap}{marks}", part.text));
    }
    composed.text.push_str(&text.join(between));
    composed.sources = named.into_iter().filter_map(|hit| hits.get(hit)).map(cited::of_hit).collect();
}

/// What is left of what the model wrote. No parts: it does not know.
struct Written {
    parts: Vec<Part>,
    dropped: usize,
}

/// The answer that is asked for.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    sentences: Vec<Sentence>,
    #[serde(default)]
    not_in_sources: bool,
}

#[derive(Deserialize)]
struct Sentence {
    #[serde(default)]
    text: String,
    #[serde(default)]
    sources: Vec<usize>,
}

async fn write(llm: &Llm, question: &Question<'_>, hits: &[Hit]) -> Result<Written> {
    let read = |hit: &Hit| Source::new(&hit.title, &hit.heading_path, &hit.body, &hit.language);
    let sources: Vec<Source> = hits.iter().map(read).collect();
    let mut random = [0; 12];
    fill_random(&mut random);
    let nonce = data_encoding::HEXLOWER.encode(&random);
    let (system, user) = (prompt::system(&nonce, question.language), prompt::user(&nonce, question, &sources));
    let schema = prompt::schema();
    let asked = Prompt { system: &system, user: &user, schema: &schema, schema_name: "answer", tokens: TOKENS };
    let reply = parse(&llm.ask(&asked).await?)?;
    if reply.not_in_sources {
        return Ok(Written { parts: Vec::new(), dropped: 0 });
    }
    let claims = reply.sentences.into_iter().map(|said| Claim { text: said.text, sources: said.sources }).collect();
    let grounded = ground(claims, &sources, question.language.code());
    let part = |claim: Claim| Part { text: claim.text, hits: claim.sources.iter().map(|number| number - 1).collect() };
    Ok(Written { parts: grounded.claims.into_iter().map(part).collect(), dropped: grounded.dropped })
}

/// Models without the form put words or a fence around it.
fn parse(text: &str) -> Result<Reply> {
    let begin = text.find('{').ok_or_else(llm::malformed)?;
    let end = text.rfind('}').ok_or_else(llm::malformed)?;
    let json = text.get(begin..=end).ok_or_else(llm::malformed)?;
    serde_json::from_str(json).map_err(|error| -> Error { llm::malformed().because(error) })
}
