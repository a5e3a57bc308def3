//! The forward pass: twelve layers of a BERT encoder over one text, the mean of its tokens, made a unit vector.

use std::io;

use half::f16;
use pulp::NullaryFnOnce;

use crate::{
    attention::attend,
    file::{BLOCK, BLOCK_BYTES, INNER, LAYERS, ModelFile, OpenError, POSITIONS, WIDTH},
    lanes::Lanes,
    linear::{Linear, Packed},
    numbers::{gelu_row, normalise, unit},
};

/// Bytes of a word's row.
const ROW: usize = WIDTH / BLOCK * BLOCK_BYTES;

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    fn read(file: &ModelFile, name: &str) -> Result<Self, OpenError> {
        Ok(Self { weight: file.floats(&format!("{name}.w"), WIDTH)?, bias: file.floats(&format!("{name}.b"), WIDTH)? })
    }
}

struct Layer {
    /// Queries, keys and values.
    attended: Linear,
    joined: Linear,
    joined_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

pub struct Encoder {
    file: ModelFile,
    /// Where the rows of words begin in the file.
    words: u64,
    /// Positions, with what every token of a first text gets added.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl Encoder {
    pub fn read(file: ModelFile) -> Result<Self, OpenError> {
        let mut positions = file.floats("emb.pos", POSITIONS * WIDTH)?;
        let kind = file.floats("emb.type", 2 * WIDTH)?;
        for position in positions.chunks_exact_mut(WIDTH) {
            position.iter_mut().zip(&kind).for_each(|(value, kind)| *value += kind);
        }
        let norm = Norm::read(&file, "emb.ln")?;
        let layers = (0..LAYERS).map(|layer| Layer::read(&file, layer)).collect::<Result<_, _>>()?;
        Ok(Self { words: file.words()?, positions, norm, layers, file })
    }

    /// The vector of a text whose tokens, with its marks, are given; no more than `POSITIONS` of them.
    pub fn embed<L: Lanes>(&self, lanes: L, tokens: &[u32]) -> io::Result<Vec<f32>> {
        let count = tokens.len();
        let mut rows = self.words(tokens)?;
        let epsilon = self.file.epsilon;
        lanes.run(Add { rows: &mut rows, more: &self.positions, norm: &self.norm, epsilon });
        let mut narrow = Packed::new(lanes, count, WIDTH);
        let mut wide = Packed::new(lanes, count, INNER);
        let mut attended = vec![0.0; count * 3 * WIDTH];
        let mut found = vec![[0.0; WIDTH]; count];
        let mut more = vec![0.0; count * WIDTH];
        let mut inner = vec![0.0; count * INNER];
        for layer in &self.layers {
            lanes.run(Fill { rows: &mut rows, packed: &mut narrow, change: Keep });
            layer.attended.apply(lanes, &narrow, &mut attended);
            attend(lanes, attended.as_chunks().0, &mut found);
            lanes.run(Fill { rows: found.as_flattened_mut(), packed: &mut narrow, change: Keep });
            layer.joined.apply(lanes, &narrow, &mut more);
            lanes.run(Add { rows: &mut rows, more: &more, norm: &layer.joined_norm, epsilon });
            lanes.run(Fill { rows: &mut rows, packed: &mut narrow, change: Keep });
            layer.inner.apply(lanes, &narrow, &mut inner);
            lanes.run(Fill { rows: &mut inner, packed: &mut wide, change: Gelu });
            layer.outer.apply(lanes, &wide, &mut more);
            lanes.run(Add { rows: &mut rows, more: &more, norm: &layer.outer_norm, epsilon });
        }
        let mut mean = vec![0.0; WIDTH];
        for row in rows.chunks_exact(WIDTH) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
        }
        unit(&mut mean);
        Ok(mean)
    }

    /// The words' rows, read from the file.
    fn words(&self, tokens: &[u32]) -> io::Result<Vec<f32>> {
        let mut rows = vec![0.0; tokens.len() * WIDTH];
        let mut bytes = [0; ROW];
        for (token, row) in tokens.iter().zip(rows.chunks_exact_mut(WIDTH)) {
            if *token as usize >= self.file.vocabulary_size {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            self.file.read(self.words + u64::from(*token) * ROW as u64, &mut bytes)?;
            for (block, values) in bytes.as_chunks::<BLOCK_BYTES>().0.iter().zip(row.chunks_exact_mut(BLOCK)) {
                let Some(([low, high], quarters)) = block.split_first_chunk() else { continue };
                let scale = f16::from_le_bytes([*low, *high]).to_f32();
                let nibbles = quarters.iter().map(|byte| byte & 15).chain(quarters.iter().map(|byte| byte >> 4));
                for (value, nibble) in values.iter_mut().zip(nibbles) {
                    *value = (f32::from(nibble) - 8.0) * scale;
                }
            }
        }
        Ok(rows)
    }
}

impl Layer {
    fn read(file: &ModelFile, layer: usize) -> Result<Self, OpenError> {
        let name = |part: &str| format!("l{layer}.{part}");
        Ok(Self {
            attended: Linear::read(file, &[name("q"), name("k"), name("v")], WIDTH, WIDTH)?,
            joined: Linear::read(file, &[name("ao")], WIDTH, WIDTH)?,
            joined_norm: Norm::read(file, &name("aln"))?,
            inner: Linear::read(file, &[name("fi")], WIDTH, INNER)?,
            outer: Linear::read(file, &[name("fo")], INNER, WIDTH)?,
            outer_norm: Norm::read(file, &name("oln"))?,
        })
    }
}

/// Adds to each row another one, and normalises it.
struct Add<'a> {
    rows: &'a mut [f32],
    more: &'a [f32],
    norm: &'a Norm,
    epsilon: f32,
}

impl NullaryFnOnce for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, more) in self.rows.chunks_exact_mut(WIDTH).zip(self.more.chunks_exact(WIDTH)) {
            for (value, more) in row.iter_mut().zip(more) {
                *value += more;
            }
            normalise(row, &self.norm.weight, &self.norm.bias, self.epsilon);
        }
    }
}

/// What is done to a row before it is packed. A trait of its own because closures are not inlined for sure.
trait Change {
    fn change(&self, row: &mut [f32]);
}

struct Keep;
struct Gelu;

impl Change for Keep {
    #[inline(always)]
    fn change(&self, _row: &mut [f32]) {}
}

impl Change for Gelu {
    #[inline(always)]
    fn change(&self, row: &mut [f32]) {
        gelu_row(row);
    }
}

struct Fill<'a, C> {
    rows: &'a mut [f32],
    packed: &'a mut Packed,
    change: C,
}

impl<C: Change> NullaryFnOnce for Fill<'_, C> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.packed.fill(
            self.rows,
            #[inline(always)]
            |row| self.change.change(row),
        );
    }
}
