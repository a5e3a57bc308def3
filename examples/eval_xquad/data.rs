//! The files of XQuAD.

use std::path::Path;

use allin::{
    error::{Error, Result},
    model::documents::Language,
};
use serde::Deserialize;

/// The articles of one language, which are the same in all.
pub struct Data {
    pub language: Language,
    pub articles: Vec<Article>,
}

#[derive(Deserialize)]
pub struct Article {
    pub title: String,
    pub paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
pub struct Paragraph {
    pub context: String,
    pub qas: Vec<Asked>,
}

#[derive(Deserialize)]
pub struct Asked {
    pub question: String,
    pub answers: Vec<Answer>,
}

#[derive(Deserialize)]
pub struct Answer {
    /// Characters of the paragraph before it.
    pub answer_start: usize,
}

#[derive(Deserialize)]
struct File {
    data: Vec<Article>,
}

pub fn read(folder: &Path, language: &str) -> Result<Data> {
    let path = folder.join(format!("xquad.{language}.json"));
    let bytes = std::fs::read(&path).map_err(|error| {
        Error::invalid("file_unreadable", format!("{} cannot be read.", path.display()))
            .next("Give the folder that the files of XQuAD are in.")
            .because(error)
    })?;
    let file: File = serde_json::from_slice(&bytes).map_err(Error::internal)?;
    let language = Language::parse(language).ok_or_else(|| Error::internal("an unknown language"))?;
    Ok(Data { language, articles: file.data })
}
