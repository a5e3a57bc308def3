//! Which embedding model the environment asks for.

use secrecy::SecretString;
use url::Url;

use super::malformed;
use crate::{clients::embedder::EndpointSettings, error::Result};

/// Where vectors come from.
#[derive(Debug, Clone)]
pub enum Embeddings {
    /// The model on this machine.
    Local,
    Off,
    Endpoint(EndpointSettings),
}

/// The settings as they were made.
pub struct Written {
    pub mode: Option<String>,
    pub url: Option<String>,
    pub key: Option<String>,
    pub model: Option<String>,
    pub dimension: Option<i64>,
}

pub fn read(written: Written) -> Result<Embeddings> {
    let Written { mode, url, key, model, dimension } = written;
    match mode.as_deref() {
        Some("off" | "0" | "no") => return Ok(Embeddings::Off),
        None | Some("on" | "1" | "yes" | "local") => {}
        Some(_) => {
            let next = "Set ALLIN_EMBEDDINGS to off, or unset it.";
            return Err(malformed("ALLIN_EMBEDDINGS", "is neither `off` nor unset").next(next));
        }
    }
    let Some(url) = url else {
        return match (key, model, dimension) {
            (None, None, None) => Ok(Embeddings::Local),
            _ => Err(malformed("ALLIN_EMBEDDINGS_URL", "is missing, and other settings of an endpoint are there")),
        };
    };
    let address = url.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = address.filter(|url| url.username().is_empty() && url.password().is_none()) else {
        let next = "Write it like https://api.example.com/v1; the key goes into ALLIN_EMBEDDINGS_KEY.";
        return Err(malformed("ALLIN_EMBEDDINGS_URL", "is no web address without user and password").next(next));
    };
    let model =
        model.ok_or_else(|| malformed("ALLIN_EMBEDDINGS_MODEL", "is missing, and ALLIN_EMBEDDINGS_URL is set"))?;
    let dimension = dimension.and_then(|dimension| u16::try_from(dimension).ok()).ok_or_else(|| {
        malformed("ALLIN_EMBEDDINGS_DIMENSION", "is missing, and ALLIN_EMBEDDINGS_URL is set")
            .next("Set it to how many numbers a vector of that model has, such as 1536.")
    })?;
    Ok(Embeddings::Endpoint(EndpointSettings { url, key: key.map(SecretString::from), model, dimension }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(mode: Option<&str>, url: Option<&str>, model: Option<&str>, dimension: Option<i64>) -> Written {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Written { mode: owned(mode), url: owned(url), key: None, model: owned(model), dimension }
    }

    #[test]
    fn settings_of_an_endpoint_go_together() {
        assert!(matches!(read(written(None, None, None, None)), Ok(Embeddings::Local)));
        assert!(matches!(read(written(Some("off"), Some("http://localhost:1"), None, None)), Ok(Embeddings::Off)));
        let whole = read(written(None, Some("http://localhost:11434/v1"), Some("e5"), Some(384)));
        assert!(matches!(whole, Ok(Embeddings::Endpoint(settings)) if settings.dimension == 384));
        for broken in [
            written(Some("perhaps"), None, None, None),
            written(None, None, Some("e5"), None),
            written(None, Some("http://localhost:1"), None, Some(384)),
            written(None, Some("http://localhost:1"), Some("e5"), None),
            written(None, Some("http://user:secret@localhost:1"), Some("e5"), Some(384)),
            written(None, Some("localhost:11434"), Some("e5"), Some(384)),
        ] {
            assert_eq!(read(broken).unwrap_err().code(), "setting_invalid");
        }
    }
}
