//! multilingual-e5-small with 4-bit weights, in pure Rust: tokenizer, windows and the forward pass. Knows nothing of the product.

mod attention;
mod encoder;
mod file;
mod lanes;
mod linear;
mod numbers;
mod pieces;
mod tokens;
mod windows;
mod words;

use std::{io, ops::Range, path::Path};

pub use file::OpenError;
pub use tokens::Token;
pub use windows::windows as windows_of;

use crate::{
    encoder::Encoder,
    file::{ModelFile, POSITIONS, WIDTH},
    lanes::Plain,
    tokens::Tokenizer,
};

/// Numbers in a vector.
pub const DIMENSION: usize = WIDTH;

/// Tokens of a text that count; what comes after them does not.
pub const LONGEST: usize = POSITIONS - 2;

/// What a text is; the model was trained with both kinds marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Query,
    Passage,
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Query => "query: ",
            Self::Passage => "passage: ",
        }
    }
}

/// The kernels that there are besides the best one, which is AVX-512 with VNNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    Avx512,
    Avx2,
    Plain,
}

/// What a processor was found to have.
#[derive(Clone, Copy)]
enum Machine {
    #[cfg(target_arch = "x86_64")]
    Vnni(lanes::x86::Vnni),
    #[cfg(target_arch = "x86_64")]
    V4(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    V3(pulp::x86::V3),
    Plain,
}

impl Machine {
    fn here() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(machine) = lanes::x86::Vnni::try_new() {
            return Self::Vnni(machine);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(machine) = pulp::x86::V4::try_new() {
            return Self::V4(machine);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(machine) = pulp::x86::V3::try_new() {
            return Self::V3(machine);
        }
        Self::Plain
    }
}

/// A model that is loaded: about 25 MB, and the file, which stays open and must not be changed.
pub struct Model {
    tokenizer: Tokenizer,
    encoder: Encoder,
    machine: Machine,
}

impl Model {
    /// Reads `e5-small-q4.bin`. Looks at its shape only; whether it is the right file is for the caller to know.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (file, vocabulary) = ModelFile::open(path)?;
        Ok(Self { tokenizer: Tokenizer::new(vocabulary), encoder: Encoder::read(file)?, machine: Machine::here() })
    }

    /// The same with kernels that need less of the processor, where it has what they need: to compare with.
    #[must_use]
    pub fn with(self, kernels: Kernels) -> Self {
        let machine = match kernels {
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512 => pulp::x86::V4::try_new().map(Machine::V4),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2 => pulp::x86::V3::try_new().map(Machine::V3),
            Kernels::Plain => Some(Machine::Plain),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        Self { machine: machine.unwrap_or(self.machine), ..self }
    }

    /// The text's tokens, without prefix and marks.
    pub fn encode(&self, text: &str) -> Vec<Token> {
        self.tokenizer.encode(text)
    }

    /// How many tokens `encode` gives.
    pub fn count(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    /// Words of the text that the vocabulary has whole. Hardly any of them is mistyped: a mistake makes a word that nobody
    /// writes, and such a word is cut into pieces.
    pub fn whole_words<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let begins = |at: usize| !text.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric));
        let ends = |at: usize| !text.get(at..).is_some_and(|after| after.starts_with(char::is_alphanumeric));
        let tokens = self.encode(text).into_iter();
        let whole = tokens.filter(|token| begins(token.origin.start) && ends(token.origin.end));
        let words = whole.filter_map(|token| text.get(token.origin)).map(str::trim);
        words.filter(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric)).collect()
    }

    /// Byte ranges of at most `size` tokens that together hold the text, each sharing up to `overlap` tokens with the one before.
    pub fn windows(&self, text: &str, size: usize, overlap: usize) -> Vec<Range<usize>> {
        windows::windows(text, &self.encode(text), size, overlap)
    }

    /// A unit vector, computed on the calling thread. Fails when the file cannot be read any more.
    pub fn embed(&self, purpose: Purpose, text: &str) -> io::Result<Vec<f32>> {
        let mut tokens = vec![self.tokenizer.begin()];
        let text = [purpose.prefix(), text].concat();
        tokens.extend(self.encode(&text).into_iter().map(|token| token.id).take(LONGEST));
        tokens.push(self.tokenizer.end());
        match self.machine {
            #[cfg(target_arch = "x86_64")]
            Machine::Vnni(lanes) => self.encoder.embed(lanes, &tokens),
            #[cfg(target_arch = "x86_64")]
            Machine::V4(lanes) => self.encoder.embed(lanes, &tokens),
            #[cfg(target_arch = "x86_64")]
            Machine::V3(lanes) => self.encoder.embed(lanes, &tokens),
            Machine::Plain => self.encoder.embed(Plain, &tokens),
        }
    }
}
