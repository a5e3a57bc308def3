//! Files become documents: what kind they are, their text as Markdown, what is taken out of it, and chunks. Knows
//! no store and no network.
//!
//! ```text
//! parser.rs  asks a child process          kind.rs          what the bytes are
//! child.rs   that process, and its limits  text.rs          encodings, invisible characters
//! parse.rs   from bytes to a document      front_matter.rs  the head of a Markdown file
//! chunk.rs   from Markdown to chunks       markdown.rs      what Markdown hides
//! sections.rs  headings, anchors           html.rs, pdf.rs, docx.rs
//! segments.rs  pieces, counted once        hidden.rs        what HTML hides
//! ```

mod chunk;
mod docx;
mod front_matter;
mod hidden;
mod html;
mod kind;
mod markdown;
mod parse;
mod parser;
mod pdf;
mod refusal;
mod sections;
mod segments;
mod text;

pub mod child;

pub use self::{
    chunk::chunk,
    parse::parse,
    parser::Parser,
    refusal::{FILE_MAX, Refusal},
    segments::tokens,
};
