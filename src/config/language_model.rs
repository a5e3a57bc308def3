//! The settings of the language model.

use secrecy::SecretString;

use super::malformed;
use crate::{
    clients::{http::guard::Origin, llm::LlmAddress},
    error::Result,
};

/// Nothing is called without an address and a model.
pub fn read(
    url: Option<String>,
    key: Option<String>,
    model: Option<String>,
    listed: &[Origin],
) -> Result<Option<LlmAddress>> {
    match (url, model) {
        (Some(url), Some(model)) => {
            let at = LlmAddress::new(&url, key.map(SecretString::from), &model, listed);
            at.map(Some).map_err(|what| {
                malformed("ALLIN_LLM_URL", what)
                    .next("Write it like https://api.example.com/v1, or http://localhost:11434/v1 on this machine.")
            })
        }
        (Some(_), None) => Err(malformed("ALLIN_LLM_MODEL", "is missing, and ALLIN_LLM_URL is set")
            .next("Set it to the model's name as its server knows it.")),
        (None, Some(_)) => Err(malformed("ALLIN_LLM_URL", "is missing, and ALLIN_LLM_MODEL is set")),
        (None, None) if key.is_some() => Err(malformed("ALLIN_LLM_URL", "is missing, and ALLIN_LLM_KEY is set")),
        (None, None) => Ok(None),
    }
}
