//! Files to start from.

use super::Format;

const CSV: &str = include_str!("template.csv");
const JSON: &str = include_str!("template.json");

/// An example that an import takes, once its accounts are those of the workspace and its times lie ahead.
pub const fn template(format: Format) -> &'static str {
    match format {
        Format::Csv => CSV,
        Format::Json => JSON,
    }
}
