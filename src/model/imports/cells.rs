//! Single cells of a CSV file: formulas made harmless, and lists inside a cell.

/// Spreadsheets take a cell for a formula that begins with one of these.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Marks a text that a spreadsheet would run: an apostrophe in front. [`unguard`] takes it away again.
pub fn guard(text: String) -> String {
    if looks_like_formula(&text) { format!("'{text}") } else { text }
}

pub fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest,
        _ => text,
    }
}

/// Also what looks like one behind apostrophes, so that these are not taken for ours.
fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Words between commas, semicolons, bars or space.
pub fn words(cell: &str) -> Vec<String> {
    let parts = cell.split(|c: char| matches!(c, ',' | ';' | '|') || c.is_whitespace());
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Texts between bars. A bar inside a text is written `\|`.
pub fn barred(cell: &str) -> Vec<String> {
    if cell.trim().is_empty() {
        return Vec::new();
    }
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for c in cell.chars() {
        match (c, before, parts.last_mut()) {
            ('|', '\\', Some(part)) => {
                part.pop();
                part.push('|');
            }
            ('|', ..) => parts.push(String::new()),
            (c, _, Some(part)) => part.push(c),
            (_, _, None) => {}
        }
        before = c;
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// The cell that [`barred`] reads as these texts, which begin and end without space.
pub fn join_barred<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    // The space keeps a text that ends in `\` from swallowing the bar.
    parts.into_iter().map(|part| part.trim().replace('|', "\\|")).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_marked() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@bakery", "'@bakery"),
            ("-5 %", "'-5 %"),
            ("+49", "'+49"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("'tis", "'tis"),
            ("fresh = good", "fresh = good"),
        ] {
            assert_eq!(guard(text.into()), cell);
            assert_eq!(unguard(cell), text);
        }
    }

    #[test]
    fn bars_part_texts() {
        assert_eq!(barred("a.png | b \\| c.png|"), ["a.png", "b | c.png", ""]);
        assert_eq!(barred("  "), Vec::<String>::new());
        assert_eq!(words("a, b;c|d\te"), ["a", "b", "c", "d", "e"]);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(text in ".{0,12}", parts in proptest::collection::vec("[a-z|\\\\ ]{1,6}", 1..4)) {
            let guarded = guard(text.clone());
            prop_assert!(!guarded.starts_with(FORMULA));
            prop_assert_eq!(unguard(&guarded), text.as_str());
            let parts: Vec<String> = parts.iter().map(|part| part.trim().to_owned()).collect();
            prop_assume!(parts.iter().any(|part| !part.is_empty()));
            // A backslash before a bar inside of a text is the one thing that cannot be told.
            prop_assume!(parts.iter().all(|part| !part.contains("\\|")));
            prop_assert_eq!(barred(&join_barred(parts.iter().map(String::as_str))), parts);
        }
    }
}
