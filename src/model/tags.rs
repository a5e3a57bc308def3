//! Tags: words that people find posts by. Kept in lower case, without `#`, in order and each once.

use crate::error::{Error, Result};

/// Most tags of one post; a CHECK constraint says the same.
pub const TAGS_MAX: usize = 20;
/// Most characters of one tag.
const LENGTH_MAX: usize = 50;

/// One tag as it is stored.
pub fn parse(text: &str) -> Result<String> {
    let tag = text.trim().trim_start_matches('#').to_lowercase();
    let wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '#' | ',' | ';');
    if tag.is_empty() || tag.chars().count() > LENGTH_MAX || tag.contains(wrong) {
        return Err(Error::invalid(
            "tag_malformed",
            format!("`{}` is no tag.", text.chars().take(60).collect::<String>()),
        )
        .next("A tag is one word of 1 to 50 characters, such as spring-sale.")
        .field("tags", "words of 1 to 50 characters without spaces, commas and #"));
    }
    Ok(tag)
}

/// All tags of a post, as they are stored.
pub fn parse_all<T: AsRef<str>>(texts: &[T]) -> Result<Vec<String>> {
    let mut tags = texts.iter().map(|text| parse(text.as_ref())).collect::<Result<Vec<_>>>()?;
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > TAGS_MAX {
        return Err(Error::invalid("too_many_tags", format!("A post has at most {TAGS_MAX} tags."))
            .field("tags", format!("at most {TAGS_MAX}")));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_lower_case_in_order_and_once() {
        assert_eq!(
            parse_all(&["#Spring", "autumn", " spring ", "Straße"]).expect("tags"),
            ["autumn", "spring", "straße"]
        );
        for wrong in ["", "#", "two words", "a,b", "a#b", "a\0b", &"x".repeat(51)] {
            assert_eq!(parse(wrong).expect_err(wrong).code(), "tag_malformed");
        }
        let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
        assert_eq!(parse_all(&many).expect_err("too many").code(), "too_many_tags");
    }
}
