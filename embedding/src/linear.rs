//! A layer's matrix in 4 bits and its product with tokens. Activations are taken in 16 bits with a scale per token, weights are
//! unpacked to 16 bits a stretch at a time for all tokens, and whole blocks are added up as integers.
//!
//! Weights unpacked to f32 would take twice the multiplications; that was not measured.

use half::f16;
use pulp::NullaryFnOnce;

use crate::{
    file::{BLOCK, BLOCK_BYTES, ModelFile, OpenError},
    lanes::{Lanes, PANEL},
};

/// Pairs of inputs in a block.
const PAIRS: usize = BLOCK / 2;
/// Blocks that are unpacked at once: 24 KiB of weights, which stay in the first cache.
const STRETCH: usize = 12;

pub struct Linear {
    inputs: usize,
    outputs: usize,
    /// By panel, block and pair: for each of 32 outputs two weights, as nibbles; the low ones are the first 16 outputs'.
    nibbles: Vec<[u8; PANEL]>,
    /// By panel and block.
    scales: Vec<[f32; PANEL]>,
    bias: Vec<[f32; PANEL]>,
}

impl Linear {
    /// Joins matrices that take the same input; `names` are without their endings.
    pub fn read(file: &ModelFile, names: &[String], inputs: usize, each: usize) -> Result<Self, OpenError> {
        let outputs = each * names.len();
        let blocks = inputs / BLOCK;
        let mut linear = Self {
            inputs,
            outputs,
            nibbles: vec![[0; PANEL]; outputs / PANEL * blocks * PAIRS],
            scales: vec![[0.0; PANEL]; outputs / PANEL * blocks],
            bias: Vec::new(),
        };
        let mut bias = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let rows = file.blocks(&format!("{name}.w"), each * inputs)?;
            for (at, block) in rows.as_chunks::<BLOCK_BYTES>().0.iter().enumerate() {
                linear.place(place * each + at / blocks, at % blocks, block);
            }
            bias.extend(file.floats(&format!("{name}.b"), each)?);
        }
        linear.bias = bias.as_chunks().0.to_vec();
        Ok(linear)
    }

    /// Puts a block of one output where the kernel wants it.
    fn place(&mut self, output: usize, block: usize, bytes: &[u8; BLOCK_BYTES]) {
        let at = output / PANEL * (self.inputs / BLOCK) + block;
        let column = output % PANEL;
        let ([low, high], quarters) =
            bytes.split_first_chunk().map_or(([0, 0], &[][..]), |(scale, rest)| (*scale, rest));
        if let Some(place) = self.scales.get_mut(at).and_then(|scales| scales.get_mut(column)) {
            *place = f16::from_le_bytes([low, high]).to_f32();
        }
        let weights = quarters.iter().map(|byte| byte & 15).chain(quarters.iter().map(|byte| byte >> 4));
        for (input, weight) in weights.enumerate() {
            let value = column * 2 + input % 2;
            let row = self.nibbles.get_mut(at * PAIRS + input / 2);
            if let Some(byte) = row.and_then(|row| row.get_mut(value % PANEL)) {
                *byte |= if value < PANEL { weight } else { weight << 4 };
            }
        }
    }

    /// Writes a row of outputs for each of the tokens.
    pub fn apply<L: Lanes>(&self, lanes: L, tokens: &Packed, out: &mut [f32]) {
        lanes.run(Apply { lanes, linear: self, tokens, out });
    }
}

/// Tokens in the kernel's order: tiles of a few tokens, in them by pairs of inputs, all tokens of the tile side by side.
pub struct Packed {
    inputs: usize,
    tiles: Vec<usize>,
    values: Vec<i32>,
    scales: Vec<f32>,
}

impl Packed {
    pub fn new<L: Lanes>(_lanes: L, tokens: usize, inputs: usize) -> Self {
        let count = tokens.div_ceil(L::ROWS).max(1);
        let tiles = (0..count).map(|tile| (tokens + tile) / count).collect();
        Self { inputs, tiles, values: vec![0; tokens * inputs / 2], scales: vec![0.0; tokens] }
    }

    /// Takes rows of activations, after `change` had each row.
    #[inline(always)]
    pub fn fill(&mut self, rows: &mut [f32], change: impl Fn(&mut [f32])) {
        let mut values = self.values.as_mut_slice();
        let mut rows = rows.chunks_exact_mut(self.inputs);
        let mut scales = self.scales.iter_mut();
        for tile in &self.tiles {
            let Some((here, rest)) = values.split_at_mut_checked(tile * self.inputs / 2) else { return };
            values = rest;
            for ((place, row), scale) in (0..*tile).zip(rows.by_ref()).zip(scales.by_ref()) {
                change(row);
                *scale = pack(row, here, place, *tile);
            }
        }
    }
}

/// Adding this rounds a number to an integer and leaves it in the lower bits.
const ROUND: f32 = 12_582_912.0;

#[inline(always)]
fn pack(row: &[f32], values: &mut [i32], place: usize, tile: usize) -> f32 {
    let mut largest = [0.0_f32; 16];
    for chunk in row.as_chunks::<16>().0 {
        for (largest, value) in largest.iter_mut().zip(chunk) {
            let value = value.abs();
            *largest = if value > *largest { value } else { *largest };
        }
    }
    let largest = largest.into_iter().fold(0.0, f32::max);
    let inverse = if largest > 0.0 { 32_767.0 / largest } else { 0.0 };
    let mut pairs = [0_u32; 192];
    for (part, into) in row.chunks(384).zip(values.chunks_mut(192 * tile)) {
        for (pair, [low, high]) in pairs.iter_mut().zip(part.as_chunks::<2>().0) {
            let low = (low * inverse + ROUND).to_bits();
            let high = (high * inverse + ROUND).to_bits();
            *pair = (low & 0xffff) | (high << 16);
        }
        for (pair, into) in pairs.iter().zip(into.chunks_exact_mut(tile)) {
            if let Some(into) = into.get_mut(place) {
                *into = pair.cast_signed();
            }
        }
    }
    largest / 32_767.0
}

struct Apply<'a, L> {
    lanes: L,
    linear: &'a Linear,
    tokens: &'a Packed,
    out: &'a mut [f32],
}

impl<L: Lanes> NullaryFnOnce for Apply<'_, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { lanes, linear, tokens, out } = self;
        let blocks = linear.inputs / BLOCK;
        let mut weights = vec![[0_i16; 2 * PANEL]; STRETCH * PAIRS];
        let panels = linear.nibbles.chunks_exact(blocks * PAIRS).zip(linear.scales.chunks_exact(blocks));
        for (panel, ((nibbles, scales), bias)) in panels.zip(&linear.bias).enumerate() {
            for token in out.chunks_exact_mut(linear.outputs) {
                if let Some(row) = token.as_chunks_mut::<PANEL>().0.get_mut(panel) {
                    *row = *bias;
                }
            }
            let stretches = nibbles.chunks(STRETCH * PAIRS).zip(scales.chunks(STRETCH));
            for (stretch, (nibbles, scales)) in stretches.enumerate() {
                unpack(nibbles, &mut weights);
                let mut from = 0;
                let mut rows = out.chunks_exact_mut(linear.outputs).zip(tokens.scales.iter().copied());
                for tile in &tokens.tiles {
                    let start = from * linear.inputs / 2 + stretch * STRETCH * PAIRS * tile;
                    from += tile;
                    let values = tokens.values.get(start..start + nibbles.len() * tile).unwrap_or_default();
                    let part = Part { lanes, weights: &weights, scales, values, panel };
                    let rows = rows.by_ref();
                    match tile {
                        1 => part.tile::<1>(rows),
                        2 => part.tile::<2>(rows),
                        3 => part.tile::<3>(rows),
                        4 => part.tile::<4>(rows),
                        5 => part.tile::<5>(rows),
                        _ => part.tile::<6>(rows),
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn unpack(nibbles: &[[u8; PANEL]], weights: &mut [[i16; 2 * PANEL]]) {
    for (weights, nibbles) in weights.iter_mut().zip(nibbles) {
        let (low, high) = weights.split_at_mut(PANEL);
        for ((low, high), nibble) in low.iter_mut().zip(high).zip(nibbles) {
            *low = i16::from(nibble & 15) - 8;
            *high = i16::from(nibble >> 4) - 8;
        }
    }
}

/// A stretch of a panel for one tile.
struct Part<'a, L> {
    lanes: L,
    weights: &'a [[i16; 2 * PANEL]],
    scales: &'a [[f32; PANEL]],
    values: &'a [i32],
    panel: usize,
}

impl<L: Lanes> Part<'_, L> {
    /// Adds what these weights come to to the rows of the tile's tokens.
    #[inline(always)]
    fn tile<'o, const N: usize>(self, mut rows: impl Iterator<Item = (&'o mut [f32], f32)>) {
        let lanes = self.lanes;
        let mut sums = [[[lanes.splat(0.0); 2]; N]; 2];
        for (group, sums) in sums.iter_mut().enumerate().take(PANEL / (2 * L::LANES)) {
            *sums = self.sums::<N>(group);
        }
        for token in 0..N {
            let Some((row, scale)) = rows.next() else { return };
            let Some(row) = row.as_chunks_mut::<PANEL>().0.get_mut(self.panel) else { return };
            let scale = lanes.splat(scale);
            for (group, sums) in sums.iter().enumerate().take(PANEL / (2 * L::LANES)) {
                let Some([first, second]) = sums.get(token).copied() else { return };
                for (vector, sum) in [(2 * group, first), (2 * group + 1, second)] {
                    lanes.put(lanes.multiply_add(sum, scale, lanes.floats(row, vector)), row, vector);
                }
            }
        }
    }

    /// Two vectors of outputs for each token.
    #[inline(always)]
    fn sums<const N: usize>(&self, group: usize) -> [[L::Floats; 2]; N] {
        let lanes = self.lanes;
        let mut sums = [[lanes.splat(0.0); 2]; N];
        let blocks = self.weights.as_chunks::<PAIRS>().0.iter().zip(self.scales);
        for ((weights, scales), values) in blocks.zip(self.values.as_chunks::<N>().0.as_chunks::<PAIRS>().0) {
            let mut ints = [[lanes.pairs(0); 2]; N];
            for (weights, values) in weights.iter().zip(values) {
                let first = lanes.weights(weights, 2 * group);
                let second = lanes.weights(weights, 2 * group + 1);
                for (ints, value) in ints.iter_mut().zip(values) {
                    let value = lanes.pairs(*value);
                    let [a, b] = *ints;
                    *ints = [lanes.multiply_pairs(first, value, a), lanes.multiply_pairs(second, value, b)];
                }
            }
            let first = lanes.floats(scales, 2 * group);
            let second = lanes.floats(scales, 2 * group + 1);
            for (sums, [c, d]) in sums.iter_mut().zip(ints) {
                let [a, b] = *sums;
                *sums = [
                    lanes.multiply_add(lanes.to_floats(c), first, a),
                    lanes.multiply_add(lanes.to_floats(d), second, b),
                ];
            }
        }
        sums
    }
}
