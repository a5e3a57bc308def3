//! Fitting the curves of the confidence to cases, and judging them by cases that they were not fitted on.

use crate::model::{
    confidence::{Curve, Curves, Fitted, Signal, Signals},
    evaluation::{
        cases::{Case, Truth},
        folds::{FOLDS, folds},
        logistic::{self, Logistic},
    },
    statistics::count,
};

/// What each curve weighs. Few, each telling something by itself and in the direction that one expects: thirty more gained
/// about a hundredth of the area under the curve out of fold, in part with weights of the wrong sign.
pub const fn signals(curve: Curve) -> &'static [Signal] {
    match curve {
        Curve::Own => &[Signal::Cosine, Signal::Coverage, Signal::StandsOut, Signal::Worth],
        Curve::Across => &[Signal::Cosine, Signal::Lead],
        Curve::Words => &[Signal::Words, Signal::StandsOut, Signal::Matched],
    }
}

/// Of the squared weights; 1 is what most programs take.
const PENALTY: f64 = 1.0;

/// The curve over all cases that it tells of; `None` where there are too few to fit one.
pub fn fit(cases: &[&Case], curve: Curve) -> Option<Fitted> {
    let of: Vec<(&Signals, bool)> = told(cases, curve);
    let fitted = fit_to(&of, curve)?;
    Some(Fitted::new(of.len(), signals(curve), &fitted))
}

/// The confidence of each case by curves that were fitted on the cases of other groups, in five folds; that of the shipped
/// curves where there are too few others. What found nothing stays at 0.
pub fn out_of_fold(cases: &[Case], shipped: &Curves) -> Vec<f64> {
    let folds = folds(&cases.iter().map(|case| case.group).collect::<Vec<_>>());
    let mut fitted: Vec<Vec<(Curve, Option<Logistic>)>> = Vec::new();
    for fold in 0..FOLDS {
        let others: Vec<&Case> =
            cases.iter().zip(&folds).filter(|(_, of)| **of != fold).map(|(case, _)| case).collect();
        fitted.push(Curve::ALL.map(|curve| (curve, fit_to(&told(&others, curve), curve))).to_vec());
    }
    let judge = |(case, fold): (&Case, &usize)| {
        let Some(of) = &case.signals else { return 0.0 };
        let curve = Curve::of(of);
        let fitted = fitted.get(*fold).and_then(|curves| curves.iter().find(|(other, _)| *other == curve));
        match fitted {
            Some((_, Some(fitted))) => fitted.probability(&values(curve, of)),
            _ => f64::from(shipped.confidence(of)),
        }
    };
    cases.iter().zip(&folds).map(judge).collect()
}

/// Words alone say something of questions in the documents' language only: fitted on the others as well, the curve trusts
/// them too much.
fn told<'a>(cases: &[&'a Case], curve: Curve) -> Vec<(&'a Signals, bool)> {
    let of = cases.iter().filter(|case| !(curve == Curve::Words && case.across));
    let of = of.filter_map(|case| Some((case.signals.as_ref()?, case.truth == Truth::Answerable)));
    of.filter(|(signals, _)| Curve::of(signals) == curve).collect()
}

fn fit_to(cases: &[(&Signals, bool)], curve: Curve) -> Option<Logistic> {
    let rows: Vec<Vec<f64>> = cases.iter().map(|(of, _)| values(curve, of)).collect();
    let truth: Vec<bool> = cases.iter().map(|(_, truth)| *truth).collect();
    let without = match curve {
        // Few who ask in other languages ask for what is not there, in the questions that there are; that says nothing
        // about other people, so both kinds count alike.
        Curve::Across => {
            let known: Vec<&bool> = truth.iter().filter(|truth| **truth).collect();
            count(&known) / (count(&truth) - count(&known)).max(1.0)
        }
        Curve::Own | Curve::Words => 1.0,
    };
    logistic::fit(&rows, &truth, without, PENALTY)
}

fn values(curve: Curve, of: &Signals) -> Vec<f64> {
    signals(curve).iter().map(|signal| signal.of(of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answerable ones are covered well, others badly; one in ten lies on the other side.
    fn cases() -> Vec<Case> {
        (0..200_u16)
            .map(|n| {
                let answerable = n % 2 == 0;
                let well = answerable != (n % 10 == 3 || n % 10 == 6);
                let part = f32::from(n % 17) / 100.0;
                Case {
                    group: u64::from(n / 8),
                    truth: if answerable { Truth::Answerable } else { Truth::OutOfScope },
                    across: false,
                    kind: None,
                    ranking: None,
                    signals: Some(Signals {
                        cosine: Some(if well { 0.86 } else { 0.82 } + part / 4.0),
                        words: 0.3,
                        coverage: if well { 0.6 } else { 0.3 } + part,
                        lead: 0.02,
                        stands_out: if well { 3.0 } else { 1.0 } + part,
                        matched: if well { 2.0 } else { 0.5 } + part,
                        worth: 2.5 + part,
                        same_language: true,
                    }),
                    confidence: 0.0,
                }
            })
            .collect()
    }

    #[test]
    fn cases_are_judged_by_curves_of_the_others() {
        let mut cases = cases();
        let judged = out_of_fold(&cases, Curves::shipped());
        assert_eq!(judged.len(), cases.len());
        assert!(judged.iter().all(|confidence| (0.0..=1.0).contains(confidence)));
        // The truth of one group turned round changes every other group's figures and not its own fold's.
        let folds = folds(&cases.iter().map(|case| case.group).collect::<Vec<_>>());
        for case in cases.iter_mut().filter(|case| case.group == 0) {
            case.truth = if case.truth == Truth::Answerable { Truth::OutOfScope } else { Truth::Answerable };
        }
        let turned = out_of_fold(&cases, Curves::shipped());
        for ((before, after), fold) in judged.iter().zip(&turned).zip(&folds) {
            assert_eq!(before == after, *fold == folds[0]);
        }
    }

    #[test]
    fn a_curve_is_fitted_to_its_own_cases() {
        let cases = cases();
        let cases: Vec<&Case> = cases.iter().collect();
        let own = fit(&cases, Curve::Own).unwrap();
        assert_eq!(own.cases, 200);
        assert!(own.probability(cases[0].signals.as_ref().unwrap()) > 0.5);
        assert!(own.probability(cases[1].signals.as_ref().unwrap()) < 0.5);
        assert_eq!(fit(&cases, Curve::Across), None);
    }

    /// Answered in other languages, words find little: that is not what they are worth in the documents' own.
    #[test]
    fn other_languages_do_not_make_words_look_surer() {
        let words =
            |case: Case| Case { signals: case.signals.map(|signals| Signals { cosine: None, ..signals }), ..case };
        let own: Vec<Case> = cases().into_iter().map(words).collect();
        let others = own.iter().filter(|case| case.truth == Truth::OutOfScope).cloned();
        let others = others.map(|case| Case { truth: Truth::Answerable, across: true, ..case });
        let all: Vec<Case> = own.iter().cloned().chain(others).collect();
        let fitted = |cases: &[Case]| fit(&cases.iter().collect::<Vec<_>>(), Curve::Words).unwrap();
        assert_eq!(fitted(&all), fitted(&own));
    }

    #[test]
    fn what_found_nothing_has_no_confidence() {
        let mut cases = cases();
        cases[0].signals = None;
        assert!(out_of_fold(&cases, Curves::shipped())[0].abs() < f64::EPSILON);
    }
}
