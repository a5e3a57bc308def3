//! The packed model file: header, pieces of the vocabulary, normalisation map and tensors. Everything is read by position, so that
//! the file's largest part, the rows of words, stays on the disk.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, ErrorKind},
    path::Path,
};

/// The shape that this crate computes; a file with another one is refused.
pub const WIDTH: usize = 384;
pub const LAYERS: usize = 12;
pub const HEADS: usize = 12;
pub const INNER: usize = 1536;
pub const POSITIONS: usize = 512;
/// Weights that share a scale, and their bytes: a half-precision scale and 32 nibbles (GGML's Q4_0).
pub const BLOCK: usize = 32;
pub const BLOCK_BYTES: usize = 18;

/// Nothing in the file may claim to be larger; the real one has 71.6 MB.
const LARGEST: u64 = 256 << 20;

#[derive(Debug)]
pub enum OpenError {
    Io(io::Error),
    /// The file is not a model that this crate can run; says what did not fit.
    Format(&'static str),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the model file could not be read: {error}"),
            Self::Format(what) => write!(f, "not a model file that can be used: {what}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Format(_) => None,
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The vocabulary as the file has it.
pub struct Vocabulary {
    /// Where each piece begins in `blob`, and one more for the end.
    pub starts: Vec<u32>,
    pub scores: Vec<f32>,
    pub blob: Vec<u8>,
    pub begin: u32,
    pub end: u32,
    pub unknown: u32,
    /// What single characters become before anything else is done to a text.
    pub map: BTreeMap<char, Box<str>>,
}

struct Tensor {
    quantised: bool,
    count: usize,
    offset: u64,
}

pub struct ModelFile {
    file: File,
    tensors: BTreeMap<String, Tensor>,
    pub vocabulary_size: usize,
    pub epsilon: f32,
}

impl ModelFile {
    pub fn open(path: &Path) -> Result<(Self, Vocabulary), OpenError> {
        let file = File::open(path)?;
        if file.metadata()?.len() > LARGEST {
            return Err(OpenError::Format("too large"));
        }
        let mut cursor = Cursor { file: &file, at: 0 };
        if cursor.array::<8>()? != *b"E5S1\x01\0\0\0" {
            return Err(OpenError::Format("it does not begin as one"));
        }
        let shape = [cursor.size()?, cursor.size()?, cursor.size()?, cursor.size()?];
        let vocabulary_size = cursor.size()?;
        if shape != [WIDTH, LAYERS, HEADS, INNER] || cursor.size()? != POSITIONS {
            return Err(OpenError::Format("another shape"));
        }
        cursor.size()?;
        let epsilon = f32::from_le_bytes(cursor.array()?);
        if cursor.size()? != BLOCK {
            return Err(OpenError::Format("another block size"));
        }
        let vocabulary = cursor.vocabulary(vocabulary_size)?;
        let tensors = cursor.tensors()?;
        Ok((Self { file, tensors, vocabulary_size, epsilon }, vocabulary))
    }

    fn tensor(&self, name: &str, quantised: bool, count: usize) -> Result<&Tensor, OpenError> {
        let tensor = self.tensors.get(name).ok_or(OpenError::Format("a tensor is missing"))?;
        if tensor.count != count || tensor.quantised != quantised {
            return Err(OpenError::Format("a tensor of another shape"));
        }
        Ok(tensor)
    }

    pub fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>, OpenError> {
        let tensor = self.tensor(name, false, count)?;
        let bytes = read_at(&self.file, tensor.offset, count * 4)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// The blocks of a matrix, row by row.
    pub fn blocks(&self, name: &str, count: usize) -> Result<Vec<u8>, OpenError> {
        let tensor = self.tensor(name, true, count)?;
        Ok(read_at(&self.file, tensor.offset, count / BLOCK * BLOCK_BYTES)?)
    }

    /// Where the rows of words begin; checked once, so that reading a row can only fail at the disk.
    pub fn words(&self) -> Result<u64, OpenError> {
        let tensor = self.tensor("emb.word", true, self.vocabulary_size * WIDTH)?;
        let length = (self.vocabulary_size * WIDTH / BLOCK * BLOCK_BYTES) as u64;
        if self.file.metadata()?.len() < tensor.offset.saturating_add(length) {
            return Err(OpenError::Format("it ends too early"));
        }
        Ok(tensor.offset)
    }

    pub fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        read_exact_at(&self.file, offset, into)
    }
}

struct Cursor<'a> {
    file: &'a File,
    at: u64,
}

impl Cursor<'_> {
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, OpenError> {
        let bytes = read_at(self.file, self.at, length)?;
        self.at += length as u64;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], OpenError> {
        let mut bytes = [0; N];
        read_exact_at(self.file, self.at, &mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u32, OpenError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn size(&mut self) -> Result<usize, OpenError> {
        usize::try_from(self.number()?).map_err(|_| OpenError::Format("a number that is too large"))
    }

    fn large(&mut self) -> Result<u64, OpenError> {
        let number = u64::from_le_bytes(self.array()?);
        if number > LARGEST { Err(OpenError::Format("a number that is too large")) } else { Ok(number) }
    }

    fn vocabulary(&mut self, rows: usize) -> Result<Vocabulary, OpenError> {
        let pieces = self.size()?;
        let [begin, end, _padding, unknown] = [self.number()?, self.number()?, self.number()?, self.number()?];
        let length = self.large()?;
        if pieces > rows || [begin, end, unknown].iter().any(|id| *id as usize >= rows) {
            return Err(OpenError::Format("more pieces than rows"));
        }
        let starts = numbers(&self.bytes((pieces + 1) * 4)?, u32::from_le_bytes);
        let scores = numbers(&self.bytes(pieces * 4)?, f32::from_le_bytes);
        let blob = self.bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        let ordered = starts.iter().zip(starts.iter().skip(1)).all(|(from, to)| from <= to);
        if !ordered || starts.last().is_none_or(|last| u64::from(*last) > length) {
            return Err(OpenError::Format("pieces out of order"));
        }
        let entries = self.size()?;
        let length = self.size()?;
        let map = character_map(&self.bytes(length)?, entries).ok_or(OpenError::Format("the map of characters"))?;
        Ok(Vocabulary { starts, scores, blob, begin, end, unknown, map })
    }

    fn tensors(&mut self) -> Result<BTreeMap<String, Tensor>, OpenError> {
        let mut tensors = BTreeMap::new();
        for _ in 0..self.size()?.min(4096) {
            let length = usize::from(u16::from_le_bytes(self.array()?));
            let name = String::from_utf8(self.bytes(length)?).map_err(|_| OpenError::Format("a tensor's name"))?;
            let [kind] = self.array()?;
            let count = self.size()?;
            let offset = self.large()?;
            self.large()?;
            tensors.insert(name, Tensor { quantised: kind == 1, count, offset });
        }
        Ok(tensors)
    }
}

fn numbers<T>(bytes: &[u8], read: fn([u8; 4]) -> T) -> Vec<T> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| read(*bytes)).collect()
}

fn character_map(mut bytes: &[u8], entries: usize) -> Option<BTreeMap<char, Box<str>>> {
    let mut map = BTreeMap::new();
    let mut next = |length: usize| {
        let (taken, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some(taken)
    };
    for _ in 0..entries {
        let from = char::from_u32(u32::from_le_bytes(*next(4)?.as_array()?))?;
        let count = usize::from(*next(1)?.first()?);
        let to = numbers(next(count * 4)?, u32::from_le_bytes);
        let to = to.into_iter().map(char::from_u32).collect::<Option<String>>()?;
        map.insert(from, to.into_boxed_str());
    }
    Some(map)
}

fn read_at(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    if length as u64 > LARGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    read_exact_at(file, offset, &mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut into: &mut [u8]) -> io::Result<()> {
    while !into.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, into, offset)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        offset += read as u64;
        into = into.split_at_mut_checked(read).ok_or(ErrorKind::UnexpectedEof)?.1;
    }
    Ok(())
}
