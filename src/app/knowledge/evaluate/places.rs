//! Where the documents answer: the chunks that the questions' labels mean.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    app::{App, ctx::Ctx},
    error::{Error, Result},
    ids::ChunkId,
    model::{
        documents::Language,
        evaluation::questions::{Answer, MALFORMED, Question},
        knowledge::Audience,
        roles::Role,
    },
    store::{
        db::Entrance,
        knowledge::{
            chunks::{self, Chunk},
            documents::{self, Document, Listed},
        },
    },
};

pub(super) struct Places {
    /// Of the documents that are named, by the path as the label has it.
    chunks: BTreeMap<String, Vec<Chunk>>,
    /// Of all documents.
    languages: BTreeSet<String>,
}

impl Places {
    /// Refuses labels that name nothing.
    pub(super) async fn read(app: &App, ctx: &Ctx, questions: &[Question]) -> Result<Self> {
        let mut tx = app.db.tenant(ctx.workspace, Entrance::System, app.now()).await?.0;
        let listed = Listed { limit: i64::MAX, ..Listed::default() };
        let documents = documents::list(&mut tx, ctx.workspace, &listed).await?;
        let mut places =
            Self { chunks: BTreeMap::new(), languages: documents.iter().map(|found| found.language.clone()).collect() };
        let answers =
            questions.iter().flat_map(|question| question.answers.iter().map(|answer| (question.line, answer)));
        for (line, answer) in answers {
            let path = answer.path.as_str();
            let named = |path: &str| documents.iter().find(|document| document.path == path);
            let Some(document) = named(path).or_else(|| named(plain(path))) else {
                return Err(unknown_path(line, path, &documents));
            };
            if !places.chunks.contains_key(path) {
                let of = chunks::of_document(&mut tx, ctx.workspace, document.document_id).await?;
                places.chunks.insert(path.to_owned(), of);
            }
            places.check_section(line, answer)?;
        }
        tx.finish_read();
        Ok(places)
    }

    fn of(&self, answer: &Answer) -> impl Iterator<Item = &Chunk> {
        let section = answer.section.as_deref().map(|section| section.trim_start_matches('#'));
        let chunks = self.chunks.get(&answer.path).map_or(&[][..], Vec::as_slice);
        chunks.iter().filter(move |chunk| section.is_none_or(|section| is_in(chunk, section)))
    }

    fn check_section(&self, line: usize, answer: &Answer) -> Result<()> {
        if self.of(answer).next().is_some() {
            return Ok(());
        }
        let chunks = self.chunks.get(&answer.path).map_or(&[][..], Vec::as_slice);
        let sections: BTreeSet<&str> = chunks
            .iter()
            .flat_map(|chunk| std::iter::once(&chunk.section).chain(&chunk.also))
            .map(String::as_str)
            .filter(|section| !section.is_empty())
            .collect();
        let sections = sections.into_iter().collect::<Vec<_>>().join(", ");
        let section = answer.section.as_deref().unwrap_or_default();
        Err(Error::invalid(MALFORMED, format!("Line {line}: {} has no section `{section}`.", answer.path))
            .next(format!("A section is the anchor of a heading. It has: {sections}.")))
    }

    /// The chunks that answer a question, as far as its role may see them.
    pub(super) fn answering(&self, question: &Question) -> BTreeSet<ChunkId> {
        let role = question.role.unwrap_or(Role::Admin);
        let chunks = question.answers.iter().flat_map(|answer| self.of(answer));
        chunks.filter(|chunk| Audience::from(chunk.audience).includes(role)).map(|chunk| chunk.chunk_id).collect()
    }

    /// Whether a question is in another language than what answers it, or than all documents where nothing does.
    pub(super) fn across(&self, question: &Question, asked: Option<Language>) -> bool {
        let Some(asked) = asked else { return false };
        let mut own = question.answers.iter().flat_map(|answer| self.of(answer)).peekable();
        match own.peek() {
            Some(_) => own.all(|chunk| chunk.language != asked.code()),
            None => !self.languages.contains(asked.code()),
        }
    }
}

/// Under a heading, or under one below it.
fn is_in(chunk: &Chunk, section: &str) -> bool {
    chunk.section == section
        || chunk.also.iter().any(|also| also == section)
        || chunk.heading_path.iter().any(|heading| anchor(heading) == section)
}

/// As GitHub makes it of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>();
    kept.trim().replace(' ', "-")
}

/// As the documents are named: labels may say where the product's own lie in its sources.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path).strip_prefix("kb/").unwrap_or(path)
}

fn unknown_path(line: usize, path: &str, documents: &[Document]) -> Error {
    let paths = documents.iter().map(|document| document.path.as_str()).collect::<Vec<_>>().join(", ");
    Error::invalid(MALFORMED, format!("Line {line}: there is no document `{path}`."))
        .next(format!("Name one of these, or add it first with `allin kb add`: {paths}."))
}
