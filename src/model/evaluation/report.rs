//! What an evaluation says: figures, how sure they are, and whether they reach what was promised.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{
    evaluation::{
        cases::{Case, FIGURES, Figures, rounded},
        percentile,
    },
    knowledge::SearchMode,
};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub questions: usize,
    pub mode: SearchMode,
    /// What the documents are compared by, where it is not words alone.
    pub model: Option<String>,
    pub curves: Judges,
    pub threshold: f32,
    /// Questions whose answers the role may not see, which count as out of scope.
    pub hidden_from_role: usize,
    /// Over questions in the documents' language.
    #[serde(flatten)]
    pub own: Figures,
    /// Over questions in other languages.
    pub across_languages: Figures,
    pub all: Figures,
    /// By what the file calls the kind of a question.
    pub kinds: BTreeMap<String, Figures>,
    /// Milliseconds of a cold search; the first question of a process, which loads the model, is not among them.
    pub latency_ms: Latency,
    /// Of these, making the question's vector.
    pub embedding_ms: Option<Latency>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bars: Vec<Bar>,
}

/// Whose confidence was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judges {
    /// The program's own curves, which never saw these questions.
    Shipped,
    /// The program's own curves were fitted on these questions: curves of the same kind, fitted anew on four fifths of the
    /// documents and judged by the others.
    OutOfFold,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Latency {
    /// Of times in milliseconds.
    pub fn of(times: &[f64]) -> Self {
        let at = |share| rounded(percentile(times, share).unwrap_or_default());
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

/// What was promised of a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    pub name: String,
    pub wanted: String,
    pub value: Option<f64>,
    /// Not when there is no value.
    pub passed: bool,
}

enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

const OWN: [(&str, Wanted); 5] = [
    ("recall_at_5", Wanted::AtLeast(0.95)),
    ("auroc", Wanted::AtLeast(0.95)),
    ("false_answers_out_of_scope", Wanted::AtMost(0.05)),
    ("false_escalations", Wanted::AtMost(0.12)),
    ("ece", Wanted::AtMost(0.05)),
];
const ACROSS: [(&str, Wanted); 2] = [("auroc", Wanted::AtLeast(0.88)), ("false_escalations", Wanted::AtMost(0.25))];

/// Every promise, against these figures.
pub fn bars(own: &Figures, across: &Figures) -> Vec<Bar> {
    let of = |prefix: &str, figures: &Figures, name: &str, wanted: &Wanted| {
        let value = figures.values.get(name).copied();
        let (passed, wanted) = match wanted {
            Wanted::AtLeast(least) => (value.is_some_and(|value| value >= *least), format!("≥ {least}")),
            Wanted::AtMost(most) => (value.is_some_and(|value| value <= *most), format!("≤ {most}")),
        };
        Bar { name: format!("{prefix}{name}"), wanted, value, passed }
    };
    let own = OWN.iter().map(|(name, wanted)| of("", own, name, wanted));
    own.chain(ACROSS.iter().map(|(name, wanted)| of("across_languages.", across, name, wanted))).collect()
}

/// The cases of each group, and the figures over them.
pub fn figures(cases: &[Case], threshold: f32) -> (Figures, Figures, Figures, BTreeMap<String, Figures>) {
    let threshold = f64::from(threshold);
    let over =
        |of: &dyn Fn(&Case) -> bool| Figures::of(&cases.iter().filter(|case| of(case)).collect::<Vec<_>>(), threshold);
    let mut kinds: Vec<&String> = cases.iter().filter_map(|case| case.kind.as_ref()).collect();
    kinds.sort();
    kinds.dedup();
    let kinds = kinds.iter().map(|kind| ((*kind).clone(), over(&|case| case.kind.as_ref() == Some(kind)))).collect();
    (over(&|case| !case.across), over(&|case| case.across), over(&|_| true), kinds)
}

impl Report {
    /// For people: a table, one line a group.
    pub fn text(&self) -> String {
        let judges = match self.curves {
            Judges::Shipped => "the program's own curves",
            Judges::OutOfFold => "out of fold: the program's own curves were fitted on these questions",
        };
        let mut text = format!(
            "{} questions, {} search{}; confidence by {judges}\n\n",
            self.questions,
            self.mode,
            self.model.as_ref().map_or_else(String::new, |model| format!(" with {model}")),
        );
        let groups =
            [("documents' language", &self.own), ("other languages", &self.across_languages), ("all", &self.all)];
        let kinds = self.kinds.iter().map(|(kind, figures)| (kind.as_str(), figures));
        for (name, figures) in groups.into_iter().chain(kinds) {
            if figures.values.is_empty() {
                continue;
            }
            text.push_str(&format!(
                "{name}: {} answerable, {} out of scope, {} near misses\n",
                figures.answerable, figures.out_of_scope, figures.near_misses
            ));
            text.push_str(&table(figures));
            text.push('\n');
        }
        text.push_str(&self.times());
        for bar in &self.bars {
            let passed = if bar.passed { "ok    " } else { "MISSED" };
            let value = bar.value.map_or_else(|| "none".to_owned(), |value| format!("{value:.4}"));
            text.push_str(&format!("{passed}  {:<38} {value:>8}  {}\n", bar.name, bar.wanted));
        }
        text
    }

    fn times(&self) -> String {
        let said = |name: &str, times: &Latency| {
            format!("{name}: {:.1} ms (p50), {:.1} (p95), {:.1} (p99)\n", times.p50, times.p95, times.p99)
        };
        let mut text = said("search", &self.latency_ms);
        if let Some(times) = &self.embedding_ms {
            text.push_str(&said("of it the question's vector", times));
        }
        text.push('\n');
        text
    }
}

fn table(figures: &Figures) -> String {
    let line = |(name, _): (&str, _)| {
        let value = figures.values.get(name)?;
        let [low, high] = figures.intervals.get(name).copied().unwrap_or([*value; 2]);
        Some(format!("  {name:<28} {value:.4}  [{low:.4}, {high:.4}]\n"))
    };
    FIGURES.iter().map(|(name, figure)| (*name, figure)).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evaluation::{cases::Truth, ranking::Ranking};

    fn case(truth: Truth, confidence: f64, across: bool) -> Case {
        Case {
            group: u64::from(across),
            truth,
            across,
            kind: Some("vague".into()).filter(|_: &String| across),
            ranking: (truth == Truth::Answerable).then(|| Ranking { found: vec![true], relevant: 1 }),
            signals: None,
            confidence,
        }
    }

    #[test]
    fn groups_and_promises() {
        let cases = [
            case(Truth::Answerable, 0.9, false),
            case(Truth::OutOfScope, 0.6, false),
            case(Truth::Answerable, 0.8, true),
            case(Truth::NearMiss, 0.1, true),
        ];
        let (own, across, all, kinds) = figures(&cases, 0.5);
        assert_eq!((own.answerable, across.answerable, all.answerable), (1, 1, 2));
        assert_eq!(kinds.keys().collect::<Vec<_>>(), ["vague"]);
        assert_eq!(kinds["vague"], across);
        let told: Vec<(String, bool)> = bars(&own, &across).into_iter().map(|bar| (bar.name, bar.passed)).collect();
        let expected = [
            ("recall_at_5", true),
            ("auroc", true),
            ("false_answers_out_of_scope", false),
            ("false_escalations", true),
            ("ece", false),
            ("across_languages.auroc", true),
            ("across_languages.false_escalations", true),
        ];
        assert_eq!(told, expected.map(|(name, passed)| (name.to_owned(), passed)));
        // What cannot be told is not reached.
        let (nothing, ..) = figures(&[], 0.5);
        assert!(bars(&nothing, &nothing).iter().all(|bar| !bar.passed && bar.value.is_none()));
    }
}
