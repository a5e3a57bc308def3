//! The figures as a table, as JSON, and against what was promised.

use allin::model::documents::Language;
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
}

pub struct Bar {
    pub name: &'static str,
    pub value: f64,
    pub wanted: f64,
    pub passed: bool,
}

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
        let least = |name, value: f64, wanted| Bar { name, value, wanted, passed: value >= wanted };
        let most = |name, value: f64, wanted| Bar { name, value, wanted, passed: value <= wanted };
        vec![
            least("English, by meaning, at least", meaning, 0.96),
            least("English, by words, at least", words, 0.96),
            most("English, questions that words find nothing for, at most", empty, 0.005),
            least("English, by both, at least", both, 0.975),
            least("eight languages to English, by both, mean at least", mean(&across), 0.84),
            least(
                "eight languages to English, by both, each at least",
                across.iter().copied().fold(1.0, f64::min),
                0.75,
            ),
            most("what both lose against meaning in any pair, at most", lost, 0.01),
            least("long chunks, first hit, at least", hits.all, 0.90),
            least("long chunks, answer after token 300, at least", hits.late, 0.90),
        ]
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
            .map(|bar| (bar.name.to_owned(), json!({ "value": bar.value, "wanted": bar.wanted, "passed": bar.passed })))
            .collect();
        json!({
            "model": self.model,
            "ndcg_at_10": self.pairs.iter().map(pair).collect::<Vec<_>>(),
            "long_chunks": self.articles.as_ref().map(|articles| json!({
                "chunks": articles.chunks, "questions": articles.both.questions,
                "late_questions": articles.both.late_questions, "dense": hits(articles.meaning),
                "keyword": hits(articles.words), "hybrid": hits(articles.both),
            })),
            "bars": bars,
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
