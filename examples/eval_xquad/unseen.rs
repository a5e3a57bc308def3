//! What confidence means on documents that no curve was fitted on: two thirds of the English articles are known, the
//! questions of the others have no answer, and those of the known ones are asked once more without their paragraph.

use allin::{
    app::knowledge::evaluate::evaluate,
    boot::Booted,
    error::Result,
    model::{
        documents::ParsedDocument,
        evaluation::{
            questions::{Answer, Question},
            report::{Report, bars},
        },
    },
};

use crate::{
    data::Data,
    pairs::{document, fill, path},
    workspace::{tell, workspace},
};

/// Every third article is left out.
const LEFT_OUT: usize = 3;

/// Its bars are those for questions in the documents' language.
pub async fn ask(booted: &Booted, english: &Data) -> Result<Report> {
    tell("confidence on articles that no curve has seen");
    let ctx = workspace(booted, "unseen").await?;
    let mut parsed: Vec<(String, ParsedDocument)> = Vec::new();
    let mut asked = Vec::new();
    for (article, of) in english.articles.iter().enumerate() {
        let known = article % LEFT_OUT != LEFT_OUT - 1;
        for (number, paragraph) in of.paragraphs.iter().enumerate() {
            let path = path(article, number);
            for question in &paragraph.qas {
                let answer = Answer { path: path.clone(), section: None };
                asked.push(Question {
                    line: asked.len() + 1,
                    question: question.question.clone(),
                    answers: known.then_some(answer).into_iter().collect(),
                    language: Some(english.language),
                    role: None,
                    kind: None,
                    near_miss: known,
                });
            }
            if known {
                parsed.push((path, document(&of.title.replace('_', " "), &paragraph.context, english.language)));
            }
        }
    }
    fill(booted, &ctx, &parsed).await?;
    let mut report = evaluate(&booted.app, &ctx, &asked, false, |_| ()).await?.report(&[], false);
    report.bars = bars(&report.own, &report.across_languages);
    report.bars.retain(|bar| !bar.name.contains('.'));
    Ok(report)
}
