//! What sections say that they are asked for.

use super::parse;

async fn read(text: &str) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let read = parse(text, "a.md").await.unwrap();
    let chunks = read.chunks.into_iter().map(|chunk| {
        assert!(!chunk.body.contains("asked"), "{}", chunk.body);
        (chunk.section, chunk.questions)
    });
    (chunks.collect(), read.warnings)
}

fn comment(questions: &[&str]) -> String {
    format!("<!-- questions:\n{}\n-->", questions.join("\n"))
}

fn of(section: &str, questions: &[&str]) -> (String, Vec<String>) {
    (section.to_owned(), questions.iter().map(|question| (*question).to_owned()).collect())
}

/// Long enough to stand alone.
fn prose(sentences: usize) -> String {
    "Rye bread rests for twelve hours before it is baked, because the dough needs time to become sour. "
        .repeat(sentences)
}

#[tokio::test]
async fn questions_belong_to_the_section_that_they_stand_in() {
    let text = format!(
        "{}\n\n# Bread\n\n{}\n\n{}\n\n## Rye\n\n{}\n\n{}\n\n## Wheat\n\n{}\n\n{}\n",
        comment(&["asked before all"]),
        prose(5),
        comment(&["asked of bread"]),
        comment(&["asked right below the heading", "- asked twice"]),
        prose(5),
        prose(5),
        comment(&["asked at the end", "> ---", ">"]),
    );
    let (chunks, warnings) = read(&text).await;
    assert_eq!(
        chunks,
        [
            of("bread", &["asked before all", "asked of bread"]),
            of("rye", &["asked right below the heading", "asked twice"]),
            of("wheat", &["asked at the end"]),
        ]
    );
    assert_eq!(warnings, ["5 question(s) in comments serve to find passages and are not shown."]);
}

#[tokio::test]
async fn every_chunk_of_a_long_section_has_them_and_joined_sections_have_their_own() {
    let long = format!("# A\n\n{}\n\n## Long\n\n{}\n\n{}\n", prose(5), prose(60), comment(&["asked of long"]));
    let (chunks, _) = read(&long).await;
    assert!(chunks.len() > 2, "{chunks:?}");
    for (section, questions) in &chunks {
        assert_eq!(questions.len(), usize::from(section == "long"), "{section}");
    }
    let short = format!(
        "# A\n\n{}\n\n## B\n\n### One\n\nShort.\n\n{}\n\n### Two\n\nShort, too.\n\n{}\n",
        prose(5),
        comment(&["asked of one"]),
        comment(&["asked of two"]),
    );
    let (chunks, _) = read(&short).await;
    assert_eq!(chunks[1].1, ["asked of one", "asked of two"], "{chunks:?}");
}

/// A file of many comments costs no more than its text.
#[tokio::test]
async fn there_are_never_many() {
    let text = format!(
        "# A\n\ntext\n\n{}\n\n## Empty\n\n{}\n",
        "<!-- questions:\nasked\n-->\n\n".repeat(5000),
        comment(&["asked"])
    );
    let (chunks, warnings) = read(&text).await;
    assert_eq!(chunks[0].1.len(), 48);
    assert!(warnings[0].starts_with("4") && warnings[0].contains("were too many"), "{warnings:?}");
}
