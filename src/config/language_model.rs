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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(url: &str, model: &str, key: &str, listed: &[Origin]) -> Result<bool> {
        let set = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(read(set(url), set(key), set(model), listed)?.is_some())
    }

    #[test]
    fn a_language_model_is_called_where_address_and_model_are_set() {
        let (near, far) = ("http://localhost:11434/v1", "http://models.lan:8000/v1");
        assert!(!written("", "", "", &[]).unwrap());
        assert!(written(near, "a-model", "", &[]).unwrap());
        for (url, model, key) in [(near, "", ""), ("", "a-model", ""), ("", "", "secret"), (far, "a-model", "")] {
            assert_eq!(written(url, model, key, &[]).unwrap_err().code(), "setting_invalid", "{url} {model} {key}");
        }
        assert!(written(far, "a-model", "", &["models.lan:8000".parse().unwrap()]).unwrap());
    }
}
