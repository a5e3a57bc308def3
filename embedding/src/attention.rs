//! Attention of every token to every other. Scores are computed with keys down and 32 queries across, so that the sums and largest values
//! of a softmax are those of columns and need nothing from neighbouring lanes.

use pulp::NullaryFnOnce;

use crate::{
    file::{HEADS, WIDTH},
    lanes::{Lanes, PANEL},
    numbers::exp,
};

/// Width of a head; also that of a panel.
const HEAD: usize = WIDTH / HEADS;
const _: () = assert!(HEAD == PANEL);
/// Rows that share what was loaded.
const ROWS: usize = 4;

/// Rows of queries, keys and values (side by side, all heads) to rows of what each token attends to.
pub fn attend<L: Lanes>(lanes: L, rows: &[[f32; 3 * WIDTH]], out: &mut [[f32; WIDTH]]) {
    lanes.run(Attend { lanes, rows, out });
}

struct Attend<'a, L> {
    lanes: L,
    rows: &'a [[f32; 3 * WIDTH]],
    out: &'a mut [[f32; WIDTH]],
}

/// One head's input in the kernel's order.
struct Head {
    /// By four keys: their values side by side.
    keys: Vec<[[f32; ROWS]; HEAD]>,
    /// By four of a head's values: for each token these four.
    values: [Vec<[f32; ROWS]>; HEAD / ROWS],
}

impl<L: Lanes> NullaryFnOnce for Attend<'_, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { lanes, rows, out } = self;
        let count = rows.len();
        let mut head = Head {
            keys: vec![[[0.0; ROWS]; HEAD]; count.div_ceil(ROWS)],
            values: std::array::from_fn(|_| vec![[0.0; ROWS]; count]),
        };
        let mut scores = vec![[0.0; PANEL]; count.next_multiple_of(ROWS)];
        for place in 0..HEADS {
            head.fill(rows, place);
            for (queries, out) in rows.chunks(PANEL).zip(out.chunks_mut(PANEL)) {
                let queries = columns(queries, place);
                for (keys, scores) in head.keys.iter().zip(scores.as_chunks_mut::<ROWS>().0) {
                    *scores = product(lanes, keys, &queries);
                }
                let scores = scores.get_mut(..count).unwrap_or_default();
                let sums = softmax(scores);
                for (part, values) in head.values.iter().enumerate() {
                    let found = product(lanes, values, scores);
                    write(out, place * HEAD + part * ROWS, &found, &sums);
                }
            }
        }
    }
}

impl Head {
    #[inline(always)]
    fn fill(&mut self, rows: &[[f32; 3 * WIDTH]], place: usize) {
        for (keys, rows) in self.keys.iter_mut().zip(rows.chunks(ROWS)) {
            for (at, row) in rows.iter().enumerate() {
                for (keys, value) in keys.iter_mut().zip(part(row, HEADS + place)) {
                    if let Some(key) = keys.get_mut(at) {
                        *key = *value;
                    }
                }
            }
        }
        for (token, row) in rows.iter().enumerate() {
            for (values, four) in self.values.iter_mut().zip(part(row, 2 * HEADS + place).as_chunks::<ROWS>().0) {
                if let Some(values) = values.get_mut(token) {
                    *values = *four;
                }
            }
        }
    }
}

#[inline(always)]
fn part(row: &[f32; 3 * WIDTH], place: usize) -> &[f32; HEAD] {
    row.as_chunks::<HEAD>().0.get(place).unwrap_or(&[0.0; HEAD])
}

/// A head's queries with the tokens across, divided by the root of the width.
#[inline(always)]
fn columns(rows: &[[f32; 3 * WIDTH]], place: usize) -> [[f32; PANEL]; HEAD] {
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let scale = 1.0 / (HEAD as f32).sqrt();
    let mut columns = [[0.0; PANEL]; HEAD];
    for (at, row) in rows.iter().enumerate() {
        for (column, value) in columns.iter_mut().zip(part(row, place)) {
            if let Some(into) = column.get_mut(at) {
                *into = value * scale;
            }
        }
    }
    columns
}

/// Four rows of sums over `left[k][row] × right[k][column]`.
#[inline(always)]
fn product<L: Lanes>(lanes: L, left: &[[f32; ROWS]], right: &[[f32; PANEL]]) -> [[f32; PANEL]; ROWS] {
    let mut out = [[0.0; PANEL]; ROWS];
    for group in 0..PANEL / (2 * L::LANES) {
        let mut sums = [[lanes.splat(0.0); 2]; ROWS];
        for (left, right) in left.iter().zip(right) {
            let first = lanes.floats(right, 2 * group);
            let second = lanes.floats(right, 2 * group + 1);
            for (sums, value) in sums.iter_mut().zip(left) {
                let value = lanes.splat(*value);
                let [a, b] = *sums;
                *sums = [lanes.multiply_add(first, value, a), lanes.multiply_add(second, value, b)];
            }
        }
        for (out, [first, second]) in out.iter_mut().zip(sums) {
            lanes.put(first, out, 2 * group);
            lanes.put(second, out, 2 * group + 1);
        }
    }
    out
}

/// Replaces each column by powers of e, the largest being 1, and gives the columns' sums.
#[inline(always)]
fn softmax(scores: &mut [[f32; PANEL]]) -> [f32; PANEL] {
    let mut largest = [f32::MIN; PANEL];
    for row in scores.iter() {
        for (largest, score) in largest.iter_mut().zip(row) {
            *largest = if score > largest { *score } else { *largest };
        }
    }
    let mut sums = [0.0; PANEL];
    for row in scores {
        for ((score, largest), sum) in row.iter_mut().zip(&largest).zip(&mut sums) {
            *score = exp(*score - largest);
            *sum += *score;
        }
    }
    sums
}

#[inline(always)]
fn write(out: &mut [[f32; WIDTH]], from: usize, found: &[[f32; PANEL]; ROWS], sums: &[f32; PANEL]) {
    for (token, (row, sum)) in out.iter_mut().zip(sums).enumerate() {
        let Some(four) = row.get_mut(from..from + ROWS) else { return };
        for (into, values) in four.iter_mut().zip(found) {
            *into = values.get(token).map_or(0.0, |value| value / sum);
        }
    }
}
