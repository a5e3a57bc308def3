//! The vocabulary as a hash table over the file's own bytes: a tokenizer asks for every stretch of a text, and nearly all are missed.

use crate::file::Vocabulary;

/// Room for twice as many pieces as the model has; a slot is an id in its lower bits and a tag of the hash above them.
const SLOTS: usize = 1 << 19;
const ID_BITS: u32 = 18;
const EMPTY: u32 = u32::MAX;

pub struct Pieces {
    starts: Vec<u32>,
    scores: Vec<f32>,
    blob: Vec<u8>,
    slots: Vec<u32>,
    /// Bytes of the longest piece by a hash of its first four, so that most stretches are not asked for.
    longest: Vec<u8>,
    pub begin: u32,
    pub end: u32,
    pub unknown: u32,
    /// What a character counts that no piece has.
    pub unknown_score: f64,
}

/// Shorter stretches are always asked for.
pub const HEAD: usize = 4;

/// FNV-1a, which grows with a stretch byte by byte.
#[derive(Clone, Copy)]
pub struct Hash(u64);

impl Hash {
    pub const START: Self = Self(0xcbf2_9ce4_8422_2325);

    pub fn with(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    fn of(bytes: &[u8]) -> Self {
        bytes.iter().fold(Self::START, |hash, byte| hash.with(*byte))
    }

    fn slot(self) -> usize {
        // The remainder fits in any usize.
        usize::try_from((self.0 ^ (self.0 >> 32)) % (SLOTS as u64)).unwrap_or(0)
    }

    fn tag(self) -> u32 {
        u32::try_from(self.0 >> (64 - (31 - ID_BITS))).unwrap_or(0) << ID_BITS
    }
}

impl Pieces {
    pub fn new(vocabulary: Vocabulary) -> Self {
        let Vocabulary { starts, scores, blob, begin, end, unknown, map: _ } = vocabulary;
        let lowest = scores.iter().copied().fold(0.0_f32, f32::min);
        let mut pieces = Self {
            starts,
            scores,
            blob,
            slots: vec![EMPTY; SLOTS],
            longest: vec![0; 1 << 16],
            begin,
            end,
            unknown,
            unknown_score: f64::from(lowest) - 10.0,
        };
        pieces.fill();
        pieces
    }

    fn fill(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        let mut longest = std::mem::take(&mut self.longest);
        let count = u32::try_from(self.scores.len()).unwrap_or(0).min(1 << ID_BITS);
        for id in 0..count {
            // Marks such as the beginning of a text have no score; a text that spells one out does not become it.
            let Some((piece, score)) = self.piece(id).zip(self.score(id)) else { continue };
            if piece.is_empty() || score == 0.0 {
                continue;
            }
            let hash = Hash::of(piece);
            let free = (0..SLOTS).map(|step| (hash.slot() + step) % SLOTS);
            for at in free {
                if let Some(slot) = slots.get_mut(at).filter(|slot| **slot == EMPTY) {
                    *slot = hash.tag() | id;
                    break;
                }
            }
            if let Some(longest) = piece.first_chunk::<HEAD>().and_then(|head| longest.get_mut(head_slot(*head))) {
                *longest = (*longest).max(u8::try_from(piece.len()).unwrap_or(u8::MAX));
            }
        }
        self.slots = slots;
        self.longest = longest;
    }

    fn piece(&self, id: u32) -> Option<&[u8]> {
        let id = id as usize;
        let (from, to) = self.starts.get(id).zip(self.starts.get(id + 1))?;
        self.blob.get(*from as usize..*to as usize)
    }

    fn score(&self, id: u32) -> Option<f64> {
        self.scores.get(id as usize).map(|score| f64::from(*score))
    }

    /// The longest stretch worth asking for that begins so.
    pub fn longest(&self, head: [u8; HEAD]) -> usize {
        self.longest.get(head_slot(head)).map_or(0, |longest| usize::from(*longest))
    }

    /// The piece with exactly these bytes, whose hash is known, and its score.
    pub fn find(&self, bytes: &[u8], hash: Hash) -> Option<(u32, f64)> {
        let tag = hash.tag();
        let mut at = hash.slot();
        loop {
            let slot = *self.slots.get(at)?;
            if slot == EMPTY {
                return None;
            }
            let id = slot & ((1 << ID_BITS) - 1);
            if slot & !((1 << ID_BITS) - 1) == tag && self.piece(id) == Some(bytes) {
                return self.score(id).map(|score| (id, score));
            }
            at = (at + 1) % SLOTS;
        }
    }
}

fn head_slot(head: [u8; HEAD]) -> usize {
    (u32::from_le_bytes(head).wrapping_mul(0x9e37_79b1) >> 16) as usize
}
