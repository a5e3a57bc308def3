//! What holds for every text: nothing is lost, nothing is too long, the same text gives the same chunks.

use std::time::{Duration, Instant};

use allin::{
    documents::{chunk, tokens},
    model::documents::{
        CHUNK_TOKENS, OVERLAP_TOKENS, ParsedChunk,
        joined::{Part, continued},
    },
};
use proptest::prelude::*;

fn counted(text: &str) -> u32 {
    tokens(text).try_into().unwrap()
}

/// Checks what must hold; says what does not.
fn check(text: &str) -> Result<Vec<ParsedChunk>, String> {
    let chunks = chunk(text);
    let mut covered = 0;
    let mut before: Option<&ParsedChunk> = None;
    for chunk in &chunks {
        let (start, end) = (chunk.start as usize, chunk.end as usize);
        let body = text.get(start..end).ok_or(format!("{start}..{end} cuts a character"))?;
        let length = counted(body);
        if body != chunk.body || length != chunk.tokens || body.trim().is_empty() {
            return Err(format!("{start}..{end} is not its body, has not its tokens, or is blank"));
        }
        if length > CHUNK_TOKENS {
            return Err(format!("{start}..{end} has {length} tokens"));
        }
        if start > covered && !text[covered..start].trim().is_empty() {
            return Err(format!("{covered}..{start} is in no chunk: {:?}", &text[covered..start]));
        }
        if let Some(before) = before {
            if start <= before.start as usize || end <= before.end as usize {
                return Err(format!("{start}..{end} brings nothing"));
            }
            let overlap = text.get(start..before.end as usize).map_or(0, counted);
            if overlap > OVERLAP_TOKENS {
                return Err(format!("{start}..{end} repeats {overlap} tokens"));
            }
        }
        (covered, before) = (end, Some(chunk));
    }
    match text[covered..].trim() {
        "" => Ok(chunks),
        rest => Err(format!("in no chunk: {rest:?}")),
    }
}

/// Pieces of Markdown in any order, some of them long.
fn markdown() -> impl Strategy<Value = String> {
    let words = |most| prop::collection::vec("[a-zäßж中あก]{1,12}", 1..most).prop_map(|words| words.join(" "));
    let piece = prop_oneof![
        (1..=6_usize, words(6)).prop_map(|(level, title)| format!("{} {title}\n\n", "#".repeat(level))),
        words(8).prop_map(|title| format!("{title}\n---\n\n")),
        words(40).prop_map(|text| format!("{text}. {text}!\n\n")),
        words(900).prop_map(|text| format!("{text}\n\n")),
        (words(12), 1..120_usize)
            .prop_map(|(row, rows)| { format!("| a | b |\n|---|---|\n{}\n", format!("| {row} | x |\n").repeat(rows)) }),
        (words(12), 1..120_usize)
            .prop_map(|(line, lines)| format!("```\n{}```\n\n", format!("  {line};\n").repeat(lines))),
        (words(12), 1..60_usize).prop_map(|(item, items)| format!("- {item}\n  - {item}\n").repeat(items) + "\n"),
        words(30).prop_map(|text| format!("> {text}\n> {text}\n\n")),
        "[中あก]{1,900}",
        "[ \t\n]{1,200}",
        "\\PC{0,200}",
        Just("\u{301}\u{301}e\u{301}👩\u{200d}🚀\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_lost_and_nothing_too_long(text in markdown()) {
        let chunks = check(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(chunks, chunk(&text));
    }
}

fn places(text: &str) -> Vec<(String, Vec<String>, u32)> {
    let chunks = check(text).unwrap();
    chunks.into_iter().map(|chunk| (chunk.section, chunk.also, chunk.tokens)).collect()
}

fn sentences(count: usize) -> String {
    (0..count).map(|n| format!("Sentence number {n} says that the answer to it is {n}.\n")).collect()
}

/// A section is a chunk; short ones of the same parent are joined, topics are not.
#[test]
fn sections_stand_alone_unless_they_are_short() {
    let long = sentences(8);
    let text = format!(
        "Before all.\n\n# Title\n\n## One\n\n{long}\n## Two\n\n{long}\n### Short a\n\nA.\n\n### Short b\n\nB.\n\n### Long c\n\n{long}\n\
         ## Tiny topic\n\nT.\n\n## Last topic\n\nL.\n\n# End\n"
    );
    let found: Vec<_> = places(&text).into_iter().map(|(section, also, _)| (section, also.join(" "))).collect();
    // What stands before the first heading is short, too, and goes with it.
    let expected = [("one", ""), ("two", ""), ("long-c", "short-a short-b"), ("tiny-topic", ""), ("last-topic", "")];
    assert_eq!(found, expected.map(|(section, also)| (section.to_owned(), also.to_owned())));
}

#[test]
fn long_sections_are_filled_and_overlap() {
    let text = format!("# Long\n\n{}", sentences(300));
    let chunks = check(&text).unwrap();
    assert!(chunks.len() >= 6);
    for pair in chunks.windows(2) {
        let overlap = tokens(&text[pair[1].start as usize..pair[0].end as usize]);
        assert!((100..=120).contains(&overlap), "{overlap}");
        assert!(pair[0].tokens >= 740, "{}", pair[0].tokens);
        assert_eq!(pair[1].section, "long");
    }
}

/// What fits is kept whole, also where the chunk before it is left short for that.
#[test]
fn tables_and_code_are_not_torn_when_they_fit() {
    let row = |n| format!("| row {n} | the value of row {n} |\n");
    let table = |rows: usize| format!("| a | b |\n|---|---|\n{}", (0..rows).map(row).collect::<String>());
    let code = format!("```\n{}```\n", "let answer = question();\n".repeat(125));
    for before in [0, 1, 10, 30, 45, 60] {
        for block in [table(60), code.clone()] {
            assert!((600..=800).contains(&tokens(&block)), "{}", tokens(&block));
            let text = format!("# T\n\n{}\n{block}\n{}", sentences(before), sentences(20));
            let chunks = check(&text).unwrap();
            assert!(chunks.iter().any(|chunk| chunk.body.contains(block.trim_end())), "{before}: {chunks:#?}");
        }
    }
    // What does not fit is cut between its rows.
    let chunks = check(&table(200)).unwrap();
    assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.body.starts_with('|') && chunk.body.ends_with('|')));
}

/// Texts that make tokenizers and parsers slow.
#[test]
fn time_grows_with_the_text_only() {
    let texts = [
        ("one word", "a".repeat(300_000)),
        ("spaces", format!("a{}b", " ".repeat(300_000))),
        ("lines", format!("a{}b", "\n".repeat(300_000))),
        ("quotations", ">".repeat(100_000)),
        ("brackets", "[".repeat(100_000)),
        ("stars", "*a ".repeat(100_000)),
        ("backticks", "`a``b".repeat(60_000)),
        ("links", "[a](".repeat(75_000)),
        ("tags", "<a ".repeat(100_000)),
        ("lists", (0..600).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect()),
        ("headings", "# a\n".repeat(50_000)),
        ("equal headings with text", "### a\n\nb\n\n".repeat(20_000)),
        ("rows", format!("|a|\n|-|\n{}", "|b|\n".repeat(60_000))),
        ("marks", "\u{301}".repeat(100_000)),
        ("emojis", "👩\u{200d}🚀".repeat(30_000)),
    ];
    for (name, text) in texts {
        let begun = Instant::now();
        check(&text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let took = begun.elapsed();
        println!("{name}: {} kB in {took:?}", text.len() / 1000);
        assert!(took < Duration::from_secs(15), "{name} took {took:?}");
    }
}

/// The chunks put together, with single spaces.
fn joined(chunks: &[ParsedChunk]) -> String {
    let mut text = String::new();
    let mut before = None;
    for chunk in chunks {
        let part = Part { section: &chunk.section, heading_path: &chunk.heading_path, body: &chunk.body };
        let (apart, new) = continued(before, part);
        text.push_str(apart);
        text.push_str(new);
        before = Some(part);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn chunks_put_together_are_the_document() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("kb");
    let mut texts: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(texts.len() >= 9);
    // Sections that are cut, with and without an overlap.
    let sentences = |name: &str| (0..400).map(|n| format!("The {name} number {n} is told here. ")).collect::<String>();
    let rows: String = (0..300).map(|n| format!("| {n} | same | same |\n")).collect();
    texts.push(format!(
        "# One\n\n{}\n\n## Two\n\n{}\n\n| a | b | c |\n|---|---|---|\n{rows}\nThe end.\n",
        sentences("oven"),
        sentences("loaf")
    ));
    texts.push((0..900).map(|n| format!("顾客第{n}次退回蛋糕。")).collect());
    let mut overlaps = 0;
    for text in &texts {
        let chunks = chunk(text);
        overlaps += chunks.windows(2).filter(|pair| pair[1].start < pair[0].end).count();
        assert_eq!(joined(&chunks), text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    assert!(overlaps > 15, "{overlaps}");
}
