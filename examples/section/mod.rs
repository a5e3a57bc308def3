//! A section of a Markdown file that a measurement writes.

use std::path::Path;

use allin::error::{Error, Result};

/// Puts it where an earlier one of `examples/{by}.rs` is, or at the end.
pub fn write(file: &Path, by: &str, text: &str) -> Result<()> {
    let begins = format!("<!-- Written by examples/{by}.rs -->");
    let ends = format!("<!-- End of what examples/{by}.rs writes -->");
    let before = std::fs::read_to_string(file).unwrap_or_else(|_| "# How good searches are\n".to_owned());
    let section = format!("{begins}\n\n{}\n\n{ends}\n", text.trim());
    let after = match (before.split_once(&begins), before.split_once(&ends)) {
        (Some((head, _)), Some((_, tail))) => {
            format!("{head}{section}{tail}", tail = tail.strip_prefix('\n').unwrap_or(tail))
        }
        _ => format!("{}\n\n{section}", before.trim_end()),
    };
    std::fs::write(file, after).map_err(Error::internal)
}
