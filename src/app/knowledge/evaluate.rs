//! How good searches and their confidence are on labelled questions: each is searched for, and where it says so once more
//! with everything hidden that answers it. For whoever sits at the home; through the same search as everybody's.

pub mod load;
mod places;

use std::{collections::BTreeSet, time::Instant};

use serde::Serialize;

use self::places::Places;
use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::{
            corrected::corrected,
            find::{By, Findings, Wanted, find_by},
            standing::look,
        },
    },
    error::Result,
    ids::ChunkId,
    model::{
        confidence::{Curve, Curves, Signals},
        documents::Language,
        evaluation::{
            bootstrap, calibration,
            cases::{Case, Truth, rounded},
            questions::Question,
            ranking::Ranking,
            report::{self, Judges, Latency, Report},
        },
        knowledge::SearchMode,
    },
    vault::sha256,
};

/// What the figures look at.
const K: usize = 10;

/// What came of all questions.
#[derive(Debug, Clone)]
pub struct Measured {
    pub cases: Vec<Case>,
    /// Side by side with the cases: of the best by words alone, when that was asked for.
    pub by_words: Vec<Option<Signals>>,
    /// Side by side with the cases.
    pub told: Vec<Told>,
    pub mode: SearchMode,
    /// Name and SHA-256.
    pub model: Option<(String, [u8; 32])>,
    questions: usize,
    hidden_from_role: usize,
    searched_ms: Vec<f64>,
    embedded_ms: Vec<f64>,
}

/// What came of one question, for people.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Of the file.
    pub line: usize,
    pub question: String,
    /// What was searched for, where words of the question were taken for mistyped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_for: Option<String>,
    pub truth: Truth,
    /// Of the first that answers, when one of the first ten does.
    pub rank: Option<usize>,
    pub confidence: f64,
    pub curve: Option<Curve>,
    pub signals: Option<Signals>,
    /// Path and section of what was found first.
    pub first: Option<String>,
}

/// Searches for every question. `by_words` searches a second time by words alone. Tells after each how many are done.
pub async fn evaluate(
    app: &App,
    ctx: &Ctx,
    questions: &[Question],
    by_words: bool,
    tell: impl Fn(usize),
) -> Result<Measured> {
    let places = Places::read(app, ctx, questions).await?;
    let model = app.settings.embedder.model();
    if model.is_some() {
        // The first one loads the model; that is not what a search takes.
        app.settings.embedder.query("Is it loaded?").await?;
    }
    let mut run = Run {
        app,
        ctx,
        by_words,
        measured: Measured {
            cases: Vec::new(),
            by_words: Vec::new(),
            told: Vec::new(),
            mode: SearchMode::Keyword,
            model: model.map(|model| (model.name, model.sha256)),
            questions: questions.len(),
            hidden_from_role: 0,
            searched_ms: Vec::new(),
            embedded_ms: Vec::new(),
        },
    };
    for (done, question) in questions.iter().enumerate() {
        run.ask(question, &places).await?;
        tell(done + 1);
    }
    Ok(run.measured)
}

struct Run<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    by_words: bool,
    measured: Measured,
}

impl Run<'_> {
    async fn ask(&mut self, question: &Question, places: &Places) -> Result<()> {
        let answering = places.answering(question);
        if answering.is_empty() && !question.answers.is_empty() {
            self.measured.hidden_from_role += 1;
        }
        let truth = if answering.is_empty() { Truth::OutOfScope } else { Truth::Answerable };
        let embedded = self.embed(question).await?;
        let began = Instant::now();
        let found = find_by(self.app, self.ctx, &wanted(question, &[]), By::Both).await?;
        self.measured.searched_ms.push(embedded + millis(began));
        self.measured.mode = found.mode;
        self.note(question, places, truth, &answering, &found, &[]).await?;
        if question.near_miss && truth == Truth::Answerable {
            let hidden: Vec<ChunkId> = answering.iter().copied().collect();
            let found = find_by(self.app, self.ctx, &wanted(question, &hidden), By::Both).await?;
            self.note(question, places, Truth::NearMiss, &answering, &found, &hidden).await?;
        }
        Ok(())
    }

    /// Milliseconds. The search finds the vector ready then; one that cannot be made is the search's affair.
    async fn embed(&mut self, question: &Question) -> Result<f64> {
        if self.measured.model.is_none() {
            return Ok(0.0);
        }
        let wanted = wanted(question, &[]);
        let role = look(self.app, self.ctx, &wanted).await?.role;
        let right = corrected(self.app, self.ctx, role, &wanted.query).await?;
        let began = Instant::now();
        _ = self.app.settings.embedder.query(right.as_ref().unwrap_or(&wanted.query)).await;
        let took = millis(began);
        self.measured.embedded_ms.push(took);
        Ok(took)
    }

    async fn note(
        &mut self,
        question: &Question,
        places: &Places,
        truth: Truth,
        answering: &BTreeSet<ChunkId>,
        found: &Findings,
        hidden: &[ChunkId],
    ) -> Result<()> {
        let hits: Vec<bool> = found.hits.iter().map(|hit| answering.contains(&hit.chunk)).collect();
        let first = found.hits.first();
        let signals = first.map(|hit| hit.signals);
        let confidence = f64::from(found.confidence);
        self.measured.told.push(Told {
            line: question.line,
            question: question.question.clone(),
            searched_for: (found.query != question.question).then(|| found.query.clone()),
            truth,
            rank: hits.iter().position(|answers| *answers).map(|place| place + 1),
            confidence: rounded(confidence),
            curve: signals.as_ref().map(Curve::of),
            signals,
            first: first.map(|hit| format!("{}#{}", hit.path, hit.section)),
        });
        self.measured.cases.push(Case {
            group: group(question),
            truth,
            across: places.across(question, language(question)),
            kind: question.kind.clone(),
            ranking: (truth == Truth::Answerable).then_some(Ranking { found: hits, relevant: answering.len() }),
            signals,
            confidence,
        });
        if self.by_words {
            let found = find_by(self.app, self.ctx, &wanted(question, hidden), By::Words).await?;
            self.measured.by_words.push(found.hits.first().map(|hit| hit.signals));
        }
        Ok(())
    }
}

fn wanted(question: &Question, hidden: &[ChunkId]) -> Wanted {
    Wanted {
        query: question.question.clone(),
        k: K,
        role: question.role,
        without: hidden.to_vec(),
        ..Wanted::default()
    }
}

/// What the file says, else what it looks like.
fn language(question: &Question) -> Option<Language> {
    question.language.or_else(|| Language::detect(&question.question))
}

/// Questions about one document are alike; one that no document answers stands for itself.
fn group(question: &Question) -> u64 {
    bootstrap::group(question.answers.first().map_or(&question.question, |answer| &answer.path))
}

fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

impl Measured {
    /// The figures, given the bytes of the questions' file.
    pub fn report(&mut self, file: &[u8], bars: bool) -> Report {
        let curves = Curves::shipped();
        let fitted_on_these = curves.questions_sha256 == data_encoding::HEXLOWER.encode(&sha256(file));
        if fitted_on_these {
            let judged = calibration::out_of_fold(&self.cases, curves);
            for ((case, told), confidence) in self.cases.iter_mut().zip(&mut self.told).zip(judged) {
                case.confidence = confidence;
                told.confidence = rounded(confidence);
            }
        }
        let (own, across_languages, all, kinds) = report::figures(&self.cases, curves.threshold);
        Report {
            questions: self.questions,
            mode: self.mode,
            model: self.model.as_ref().map(|(name, _)| name.clone()).filter(|_| self.mode == SearchMode::Hybrid),
            curves: if fitted_on_these { Judges::OutOfFold } else { Judges::Shipped },
            threshold: curves.threshold,
            hidden_from_role: self.hidden_from_role,
            bars: if bars { report::bars(&own, &across_languages) } else { Vec::new() },
            own,
            across_languages,
            all,
            kinds,
            latency_ms: Latency::of(&self.searched_ms),
            embedding_ms: (!self.embedded_ms.is_empty()).then(|| Latency::of(&self.embedded_ms)),
        }
    }
}
