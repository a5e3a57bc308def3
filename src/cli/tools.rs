//! `allin tools`: what MCP clients are offered, and what it costs them.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    cli::print,
    config,
    error::{Error, Result},
    tools::{self, registry::ToolSpec},
};

#[derive(Args)]
pub struct Tools {
    /// Print names, texts and schemas as JSON, with the number of tokens
    #[arg(long)]
    json: bool,
    /// Toolsets, separated by commas; `default` for the everyday tools, `all` for all
    #[arg(long, value_delimiter = ',')]
    toolsets: Vec<String>,
    /// Only tools that change nothing
    #[arg(long)]
    read_only: bool,
}

impl Tools {
    pub fn run(self) -> Result<()> {
        let profile = config::profile(&self.toolsets, self.read_only)?;
        let offered: Vec<&ToolSpec> = tools::all().iter().filter(|spec| profile.has(spec)).collect();
        if self.json {
            return print::json(&listing(&offered)?);
        }
        for spec in offered {
            let set = spec.toolset.map_or("always", |set| set.as_str());
            print::line(format!("{:24} {:10} {}", spec.name, set, spec.tool.title.as_deref().unwrap_or_default()));
        }
        Ok(())
    }
}

/// The tools as clients get them. `tokens` counts name, title, description, annotations and input schema as compact
/// JSON in o200k_base; `tokens_total` the output schemas too.
pub fn listing(offered: &[&ToolSpec]) -> Result<Value> {
    let whole: Vec<Value> = offered
        .iter()
        .map(|spec| serde_json::to_value(&spec.tool))
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::internal)?;
    let mut brief = whole.clone();
    for tool in &mut brief {
        if let Some(map) = tool.as_object_mut() {
            map.retain(|key, _| {
                matches!(key.as_str(), "name" | "title" | "description" | "annotations" | "inputSchema")
            });
        }
    }
    let tokens = tokens(&brief)?;
    let tokens_total = self::tokens(&whole)?;
    Ok(json!({ "tools": whole, "tokens": tokens, "tokens_total": tokens_total }))
}

fn tokens(tools: &[Value]) -> Result<usize> {
    let text = serde_json::to_string(tools).map_err(Error::internal)?;
    let encoding = tiktoken_rs::o200k_base_singleton();
    Ok(encoding.encode_ordinary(&text).len())
}
