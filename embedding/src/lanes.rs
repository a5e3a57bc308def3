//! What the kernels need of a processor: vectors of 32-bit lanes, with one multiplication that takes pairs of 16-bit numbers. AVX-512,
//! AVX2, and plain code that a compiler makes vectors of elsewhere.

use pulp::{NullaryFnOnce, bytemuck::cast};

/// What one row of weights or values holds, in vectors of whatever length.
pub const PANEL: usize = 32;

pub trait Lanes: Copy {
    type Ints: Copy;
    type Floats: Copy;
    /// 32-bit lanes of a vector; two vectors are worked on at once.
    const LANES: usize;
    /// How many tokens share what was loaded, by the registers there are.
    const ROWS: usize;

    /// Runs compiled for this processor.
    fn run<Op: NullaryFnOnce>(self, op: Op) -> Op::Output;
    /// The pair in every lane.
    fn pairs(self, pair: i32) -> Self::Ints;
    fn weights(self, row: &[i16; 2 * PANEL], vector: usize) -> Self::Ints;
    /// `sum + a0 × b0 + a1 × b1` of the halves of each lane.
    fn multiply_pairs(self, a: Self::Ints, b: Self::Ints, sum: Self::Ints) -> Self::Ints;
    fn to_floats(self, ints: Self::Ints) -> Self::Floats;
    fn splat(self, value: f32) -> Self::Floats;
    fn floats(self, row: &[f32; PANEL], vector: usize) -> Self::Floats;
    fn put(self, floats: Self::Floats, row: &mut [f32; PANEL], vector: usize);
    fn multiply_add(self, a: Self::Floats, b: Self::Floats, sum: Self::Floats) -> Self::Floats;
}

/// Loads and stores are the same for all, by the lengths of vectors.
macro_rules! memory {
    ($lanes:literal) => {
        const LANES: usize = $lanes;

        #[inline(always)]
        fn weights(self, row: &[i16; 2 * PANEL], vector: usize) -> Self::Ints {
            let row = row.as_chunks::<{ 2 * $lanes }>().0.get(vector);
            cast(row.copied().unwrap_or([0; 2 * $lanes]))
        }

        #[inline(always)]
        fn floats(self, row: &[f32; PANEL], vector: usize) -> Self::Floats {
            cast(row.as_chunks::<$lanes>().0.get(vector).copied().unwrap_or([0.0; $lanes]))
        }

        #[inline(always)]
        fn put(self, floats: Self::Floats, row: &mut [f32; PANEL], vector: usize) {
            if let Some(place) = row.as_chunks_mut::<$lanes>().0.get_mut(vector) {
                *place = cast(floats);
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
pub mod x86 {
    use std::arch::x86_64::{__m256, __m256i, __m512, __m512i};

    use pulp::{
        NullaryFnOnce,
        bytemuck::cast,
        x86::{V3, V4},
    };

    use super::{Lanes, PANEL};

    pulp::simd_type! {
        /// AVX-512 with the instruction that multiplies pairs and adds in one. pulp has no function for it; the compiler puts it where
        /// it is allowed to.
        pub struct Vnni {
            pub avx2: "avx2",
            pub fma: "fma",
            pub avx512f: "avx512f",
            pub avx512bw: "avx512bw",
            pub avx512dq: "avx512dq",
            pub avx512vl: "avx512vl",
            pub avx512vnni: "avx512vnni",
        }
    }

    macro_rules! wide {
        ($machine:ty) => {
            impl Lanes for $machine {
                type Ints = __m512i;
                type Floats = __m512;
                memory!(16);
                const ROWS: usize = 6;

                #[inline(always)]
                fn run<Op: NullaryFnOnce>(self, op: Op) -> Op::Output {
                    self.vectorize(op)
                }

                #[inline(always)]
                fn pairs(self, pair: i32) -> __m512i {
                    self.avx512f._mm512_set1_epi32(pair)
                }

                #[inline(always)]
                fn multiply_pairs(self, a: __m512i, b: __m512i, sum: __m512i) -> __m512i {
                    self.avx512f._mm512_add_epi32(sum, self.avx512bw._mm512_madd_epi16(a, b))
                }

                #[inline(always)]
                fn to_floats(self, ints: __m512i) -> __m512 {
                    self.avx512f._mm512_cvtepi32_ps(ints)
                }

                #[inline(always)]
                fn splat(self, value: f32) -> __m512 {
                    self.avx512f._mm512_set1_ps(value)
                }

                #[inline(always)]
                fn multiply_add(self, a: __m512, b: __m512, sum: __m512) -> __m512 {
                    self.avx512f._mm512_fmadd_ps(a, b, sum)
                }
            }
        };
    }

    wide!(Vnni);
    wide!(V4);

    impl Lanes for V3 {
        type Ints = __m256i;
        type Floats = __m256;
        memory!(8);
        const ROWS: usize = 5;

        #[inline(always)]
        fn run<Op: NullaryFnOnce>(self, op: Op) -> Op::Output {
            self.vectorize(op)
        }

        #[inline(always)]
        fn pairs(self, pair: i32) -> __m256i {
            self.avx._mm256_set1_epi32(pair)
        }

        #[inline(always)]
        fn multiply_pairs(self, a: __m256i, b: __m256i, sum: __m256i) -> __m256i {
            self.avx2._mm256_add_epi32(sum, self.avx2._mm256_madd_epi16(a, b))
        }

        #[inline(always)]
        fn to_floats(self, ints: __m256i) -> __m256 {
            self.avx._mm256_cvtepi32_ps(ints)
        }

        #[inline(always)]
        fn splat(self, value: f32) -> __m256 {
            self.avx._mm256_set1_ps(value)
        }

        #[inline(always)]
        fn multiply_add(self, a: __m256, b: __m256, sum: __m256) -> __m256 {
            self.fma._mm256_fmadd_ps(a, b, sum)
        }
    }
}

/// Any processor. The loops over eight lanes become whatever vectors it is known to have.
#[derive(Clone, Copy)]
pub struct Plain;

impl Lanes for Plain {
    type Ints = [i32; 8];
    type Floats = [f32; 8];
    memory!(8);
    const ROWS: usize = 3;

    #[inline(always)]
    fn run<Op: NullaryFnOnce>(self, op: Op) -> Op::Output {
        op.call()
    }

    #[inline(always)]
    fn pairs(self, pair: i32) -> [i32; 8] {
        [pair; 8]
    }

    #[inline(always)]
    fn multiply_pairs(self, a: [i32; 8], b: [i32; 8], mut sum: [i32; 8]) -> [i32; 8] {
        let a: [[i16; 2]; 8] = cast(a);
        let b: [[i16; 2]; 8] = cast(b);
        for ((sum, [a0, a1]), [b0, b1]) in sum.iter_mut().zip(a).zip(b) {
            *sum += i32::from(a0) * i32::from(b0) + i32::from(a1) * i32::from(b1);
        }
        sum
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "sums of a block have 24 bits at most")]
    fn to_floats(self, ints: [i32; 8]) -> [f32; 8] {
        ints.map(|int| int as f32)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 8] {
        [value; 8]
    }

    #[inline(always)]
    fn multiply_add(self, a: [f32; 8], b: [f32; 8], mut sum: [f32; 8]) -> [f32; 8] {
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
        sum
    }
}
