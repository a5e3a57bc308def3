//! The figures as a table, as JSON, and against what was promised.

use allin::model::{documents::Language, evaluation::report::Report};
use serde_json::{Map, Value, json};

use crate::{
    articles::{Articles, Hits},
    pairs::Pair,
};

#[derive(Default)]
pub struct Measured {
    pub model: String,
    pub pairs: Vec<Pair>,
    pub articles: Option<Articles>,
    pub unseen: Option<Report>,
}

pub struct Bar {
    pub name: String,
    pub value: f64,
    pub wanted: String,
    pub passed: bool,
}

/// Figures of confidence, and what the table calls them.
const CONFIDENCE: [(&str, &str); 6] = [
    ("recall_at_5", "recall@5"),
    ("auroc", "AUROC"),
    ("ece", "calibration error"),
    ("false_answers_out_of_scope", "answers to what is out of scope"),
    ("false_answers_near_miss", "answers to near misses"),
    ("false_escalations", "needless escalations"),
];

const PROMISED: [Language; 8] = [
    Language::German,
    Language::Spanish,
    Language::Russian,
    Language::Turkish,
    Language::Vietnamese,
    Language::Chinese,
    Language::Arabic,
    Language::Hindi,
];

impl Measured {
    pub fn bars(&self) -> Vec<Bar> {
        let english = self.pairs.iter().find(|pair| pair.asked_in == Language::English);
        let (meaning, words, both, empty) =
            english.map_or((0.0, 0.0, 0.0, 1.0), |pair| (pair.meaning, pair.words, pair.both, pair.empty));
        let across: Vec<f64> = self
            .pairs
            .iter()
            .filter(|pair| pair.texts_in == Language::English && PROMISED.contains(&pair.asked_in))
            .map(|pair| pair.both)
            .collect();
        let lost = self.pairs.iter().map(|pair| pair.meaning - pair.both).fold(f64::MIN, f64::max);
        let hits = self.articles.as_ref().map_or(Hits::default(), |articles| articles.both);
        let bar = |name: &str, value: f64, wanted: String, passed| Bar { name: name.to_owned(), value, wanted, passed };
        let least = |name, value: f64, wanted| bar(name, value, format!("≥ {wanted}"), value >= wanted);
        let most = |name, value: f64, wanted| bar(name, value, format!("≤ {wanted}"), value <= wanted);
        let mut bars = vec![
            least("English, by meaning", meaning, 0.96),
            least("English, by words", words, 0.96),
            most("English, questions that words find nothing for", empty, 0.005),
            least("English, by both", both, 0.975),
            least("eight languages to English, by both, mean", mean(&across), 0.84),
            least("eight languages to English, by both, each", across.iter().copied().fold(1.0, f64::min), 0.75),
            most("what both lose against meaning in any pair", lost, 0.01),
            least("long chunks, first hit", hits.all, 0.90),
            least("long chunks, answer after token 300", hits.late, 0.90),
        ];
        bars.extend(self.unseen.iter().flat_map(|report| &report.bars).map(|of| {
            let value = of.value.unwrap_or(f64::NAN);
            bar(&format!("documents that no curve has seen, {}", of.name), value, of.wanted.clone(), of.passed)
        }));
        bars
    }

    pub fn table(&self) -> String {
        let mut text = format!(
            "Measured by `cargo run --release --example eval_xquad -- FOLDER` with {}: nDCG@10 over the 1,190 questions and \
             240 paragraphs of each language of XQuAD, one paragraph a document.\n\n\
             | questions | paragraphs | meaning | words | both | words find nothing |\n|---|---|---|---|---|---|\n",
            self.model
        );
        for pair in &self.pairs {
            text.push_str(&format!(
                "| {} | {} | {:.3} | {:.3} | {:.3} | {:.1} % |\n",
                pair.asked_in.name(),
                pair.texts_in.name(),
                pair.meaning,
                pair.words,
                pair.both,
                pair.empty * 100.0
            ));
        }
        if let Some(articles) = &self.articles {
            text.push_str(&format!(
                "\nWhole English articles in {} chunks of up to 800 tokens: how often the first chunk that is found holds the \
                 paragraph that answers.\n\n| by | {} questions | {} whose answer comes after token 300 |\n|---|---|---|\n",
                articles.chunks, articles.both.questions, articles.both.late_questions
            ));
            for (name, hits) in [("meaning", articles.meaning), ("words", articles.words), ("both", articles.both)] {
                text.push_str(&format!("| {name} | {:.3} | {:.3} |\n", hits.all, hits.late));
            }
        }
        if let Some(report) = &self.unseen {
            text.push_str(&format!(
                "\nConfidence on documents that no curve has seen: two thirds of the English articles are known, the questions of \
                 the others are out of scope, those of the known ones are asked once more without their paragraph (near \
                 misses). {} answerable questions, {} out of scope, {} near misses; in brackets what 95 of 100 resamples by \
                 document give.\n\n| | value |\n|---|---|\n",
                report.own.answerable, report.own.out_of_scope, report.own.near_misses
            ));
            for (key, name) in CONFIDENCE {
                let value = report.own.values.get(key).copied().unwrap_or(f64::NAN);
                let [from, to] = report.own.intervals.get(key).copied().unwrap_or([f64::NAN; 2]);
                text.push_str(&format!("| {name} | {value:.3} [{from:.3}, {to:.3}] |\n"));
            }
        }
        text.push_str("\n| promised | value | |\n|---|---|---|\n");
        for bar in self.bars() {
            let passed = if bar.passed { "reached" } else { "missed" };
            text.push_str(&format!("| {} {} | {:.4} | {passed} |\n", bar.name, bar.wanted, bar.value));
        }
        text
    }

    pub fn json(&self) -> Value {
        let pair = |pair: &Pair| {
            json!({
                "questions": pair.asked_in.code(), "paragraphs": pair.texts_in.code(), "dense": pair.meaning,
                "keyword": pair.words, "hybrid": pair.both, "keyword_empty": pair.empty,
            })
        };
        let hits = |hits: Hits| json!({ "hit_at_1": hits.all, "hit_at_1_late": hits.late });
        let bars: Map<String, Value> = self
            .bars()
            .iter()
            .map(|bar| (bar.name.clone(), json!({ "value": bar.value, "wanted": bar.wanted, "passed": bar.passed })))
            .collect();
        json!({
            "model": self.model,
            "ndcg_at_10": self.pairs.iter().map(pair).collect::<Vec<_>>(),
            "long_chunks": self.articles.as_ref().map(|articles| json!({
                "chunks": articles.chunks, "questions": articles.both.questions,
                "late_questions": articles.both.late_questions, "dense": hits(articles.meaning),
                "keyword": hits(articles.words), "hybrid": hits(articles.both),
            })),
            "unseen": self.unseen.as_ref().map(|report| &report.own),
            "bars": bars,
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
