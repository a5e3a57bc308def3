//! Documents: what files become, how texts are cut, and what hostile files cannot do.

mod child;
mod chunks;
mod good;
mod hostile;
mod languages;
mod questions;

use allin::{documents::Parser, error::Result, model::documents::ParsedDocument};

/// The program as its users have it, in a process for each document.
fn parser() -> Parser {
    Parser::new(env!("CARGO_BIN_EXE_allin").into())
}

async fn parse(bytes: impl Into<Vec<u8>>, name: &str) -> Result<ParsedDocument> {
    parser().parse(bytes.into(), name, None).await
}

fn file(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/documents");
    std::fs::read(folder.join(name)).unwrap()
}

/// A document as a person reads it in a snapshot.
fn shown(document: &ParsedDocument) -> String {
    let language = document.language.map_or("-", |language| language.code());
    let category = document.category.as_deref().unwrap_or("-");
    let audience = document.audience.as_ref().map(|roles| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>());
    let mut lines = vec![format!("{} | {language} | {category} | {audience:?}", document.title)];
    lines.extend(document.warnings.iter().map(|warning| format!("! {warning}")));
    for chunk in &document.chunks {
        let path = chunk.heading_path.join(" / ");
        let also = if chunk.also.is_empty() { String::new() } else { format!(" +{:?}", chunk.also) };
        let place = format!("{}..{}, {} tokens", chunk.start, chunk.end, chunk.tokens);
        lines.push(format!("\n=== {path} #{}{also} ({place})\n{}", chunk.section, chunk.body));
    }
    lines.join("\n")
}
