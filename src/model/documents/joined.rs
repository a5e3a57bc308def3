//! A document put together again from its chunks, which repeat some of the one before where a section was cut.

/// Longest repetition that is looked for, in bytes: more than 120 tokens ever are.
const MOST: usize = 4096;
/// A repetition as long as this is none by chance.
const CERTAIN: usize = 24;

/// What of a chunk is said again.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub section: &'a str,
    pub heading_path: &'a [String],
    pub body: &'a str,
}

/// What has to be written after the chunk before for this one: what separates them, and what is new.
pub fn continued<'a>(before: Option<Part<'_>>, part: Part<'a>) -> (&'static str, &'a str) {
    let Some(before) = before else { return ("", part.body) };
    // Only where a section was cut does a chunk repeat anything, and tables are cut without.
    let same = before.section == part.section && before.heading_path == part.heading_path;
    let same = same && !part.body.starts_with('|');
    match if same { repeated(before.body, part.body) } else { 0 } {
        0 => ("\n\n", part.body),
        length => ("", part.body.get(length..).unwrap_or_default()),
    }
}

/// Bytes at the beginning of `body` that `before` ends with: whole sentences or words. The fewest that fit: in a text that
/// repeats itself something is rather said twice than left out.
fn repeated(before: &str, body: &str) -> usize {
    let ends = body.char_indices().map(|(at, c)| at + c.len_utf8());
    let fits = |end: &usize| {
        let head = body.get(..*end).unwrap_or_default();
        before.strip_suffix(head).is_some_and(|rest| {
            let apart = !rest.ends_with(char::is_alphanumeric) && head.contains(char::is_alphanumeric);
            apart || *end >= CERTAIN
        })
    };
    ends.take_while(|end| *end <= MOST.min(before.len())).find(fits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Part, continued};

    fn joined(parts: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let mut before = None;
        for (section, body) in parts {
            let part = Part { section, heading_path: &[], body };
            let (apart, new) = continued(before, part);
            text.push_str(apart);
            text.push_str(new);
            before = Some(part);
        }
        text
    }

    #[test]
    fn what_is_repeated_is_said_once_and_nothing_else_is_left_out() {
        for (parts, whole) in [
            (vec![("a", "# A\n\nOne. Two."), ("a", "Two. Three.")], "# A\n\nOne. Two. Three."),
            (vec![("a", "One. Two."), ("b", "Two. Three.")], "One. Two.\n\nTwo. Three."),
            (vec![("a", "| 1 | 2 |"), ("a", "| 3 | 4 |")], "| 1 | 2 |\n\n| 3 | 4 |"),
            // A letter that comes twice by chance.
            (vec![("a", "A banana"), ("a", "a day")], "A banana\n\na day"),
            (
                vec![("a", "退货政策。顾客可以退回。"), ("a", "顾客可以退回。免费更换。")],
                "退货政策。顾客可以退回。免费更换。",
            ),
            (vec![("a", "Only this.")], "Only this."),
        ] {
            assert_eq!(joined(&parts), whole);
        }
    }
}
