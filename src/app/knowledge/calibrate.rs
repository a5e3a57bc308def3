//! Curves of the confidence, fitted to labelled questions. Nothing is changed here: whoever builds the program decides
//! what it ships.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    app::{
        App,
        ctx::Ctx,
        knowledge::evaluate::{Measured, evaluate},
    },
    error::{Error, Result},
    model::{
        confidence::{Curve, Curves, Fitted},
        evaluation::{
            calibration,
            cases::{Case, Figures},
            questions::Question,
        },
        knowledge::SearchMode,
    },
    vault::sha256,
};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// As `curves.json` has them.
    pub curves: Curves,
    /// Of each curve, on the questions that it tells of and was not fitted on.
    pub out_of_fold: BTreeMap<Curve, Figures>,
    /// There were too few questions for these; they stay as they were.
    pub kept: Vec<Curve>,
}

/// Fits every curve, given the questions and the bytes of their file.
pub async fn calibrate(
    app: &App,
    ctx: &Ctx,
    questions: &[Question],
    file: &[u8],
    tell: impl Fn(usize),
) -> Result<Calibration> {
    let measured = evaluate(app, ctx, questions, true, tell).await?;
    let Some((name, model)) = measured.model.as_ref().filter(|_| measured.mode == SearchMode::Hybrid) else {
        return Err(Error::operator(
            "calibration_needs_model",
            "Curves are fitted with the embedding model, and it is not here.",
        )
        .next("Run `allin setup --knowledge`, then calibrate again."));
    };
    let shipped = Curves::shipped();
    let mut curves = Curves {
        version: shipped.version + 1,
        model: name.clone(),
        model_sha256: data_encoding::HEXLOWER.encode(model),
        questions_sha256: data_encoding::HEXLOWER.encode(&sha256(file)),
        ..shipped.clone()
    };
    let by_words = words_only(&measured);
    let mut out_of_fold = BTreeMap::new();
    let mut kept = Vec::new();
    for curve in Curve::ALL {
        let cases = if curve == Curve::Words { &by_words } else { &measured.cases };
        match calibration::fit(&cases.iter().collect::<Vec<_>>(), curve) {
            Some(fitted) => _ = curves.curves.insert(curve, fitted),
            None => kept.push(curve),
        }
        out_of_fold.insert(curve, judged(cases, curve, shipped));
    }
    Ok(Calibration { curves, out_of_fold, kept })
}

/// The cases as they are when there is no model.
fn words_only(measured: &Measured) -> Vec<Case> {
    let both = measured.cases.iter().zip(&measured.by_words);
    both.map(|(case, signals)| Case { signals: *signals, ..case.clone() }).collect()
}

fn judged(cases: &[Case], curve: Curve, shipped: &Curves) -> Figures {
    let confidences = calibration::out_of_fold(cases, shipped);
    let cases: Vec<Case> = cases
        .iter()
        .zip(confidences)
        .filter(|(case, _)| case.signals.as_ref().is_some_and(|signals| Curve::of(signals) == curve))
        .map(|(case, confidence)| Case { confidence, ..case.clone() })
        .collect();
    Figures::of(&cases.iter().collect::<Vec<_>>(), f64::from(shipped.threshold))
}

/// One line a number that a curve weighs.
pub fn said(fitted: &Fitted) -> String {
    let mut text = format!("  intercept {:+.3}, fitted on {} questions\n", fitted.intercept, fitted.cases);
    for term in &fitted.terms {
        let signal = format!("{:?}", term.signal).to_lowercase();
        text.push_str(&format!(
            "  {signal:<9} mean {:.3}, deviation {:.3}, weight {:+.3}\n",
            term.mean, term.deviation, term.weight
        ));
    }
    text
}
