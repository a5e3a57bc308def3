//! Vectors from a server that speaks OpenAI's protocol, behind the guard. Its tokens are not known, so windows are cut by a cautious guess.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use allin_embedding::{Token, windows_of};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{EmbeddingModel, OVERLAP, Window, asked::again, room};
use crate::{
    clients::http::{Call, Http, guard::Origin},
    error::{Error, Result, Retry},
};

/// Texts in a call; servers have limits, and an answer has to fit.
const BATCH: usize = 32;
/// How long a server that does not answer is not asked again, so that searches go on by words.
const QUIET: Duration = Duration::from_secs(15);
/// Room for 32 vectors of 4,096 numbers.
const ANSWER_MAX: usize = 8 * 1024 * 1024;

/// What the operator set.
#[derive(Clone)]
pub struct Settings {
    /// Base address, such as `https://api.openai.com/v1`.
    pub url: Url,
    pub key: Option<SecretString>,
    pub model: String,
    pub dimension: u16,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("model", &self.model)
            .field("dimension", &self.dimension)
            .finish_non_exhaustive()
    }
}

pub struct Endpoint {
    http: Http,
    url: Url,
    settings: Settings,
    failed: Mutex<Option<(Instant, Arc<Error>)>>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

impl Endpoint {
    pub fn new(http: &Http, settings: Settings) -> Self {
        let http = Origin::of(&settings.url).map_or_else(|| http.clone(), |origin| http.allowing(origin));
        let mut url = settings.url.clone();
        let path = format!("{}/embeddings", url.path().trim_end_matches('/').trim_end_matches("/embeddings"));
        url.set_path(&path);
        Self { http, url, settings, failed: Mutex::default() }
    }

    pub fn model(&self) -> EmbeddingModel {
        let Settings { model, dimension, .. } = &self.settings;
        let sha256 = Sha256::digest(format!("{}\n{model}", self.url)).into();
        EmbeddingModel { name: model.clone(), dimension: *dimension, sha256 }
    }

    /// Unit vectors in the texts' order.
    pub async fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            if let Some(error) = self.failure() {
                return Err(error);
            }
            vectors.extend(self.call(batch).await?);
        }
        Ok(vectors)
    }

    fn failure(&self) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < QUIET).map(|(_, error)| again(error))
    }

    async fn call(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let body = json!({ "model": self.settings.model, "input": texts, "encoding_format": "float" });
        let mut call = Call::post(self.url.clone()).json(body).max_bytes(ANSWER_MAX);
        if let Some(key) = &self.settings.key {
            call = call.bearer(key.clone());
        }
        let answer = match self.http.send(call).await {
            Ok(answer) => answer,
            Err(error) => {
                let message = format!("The embeddings endpoint gave no usable answer: {}.", error.summary());
                let error = Arc::new(refused("embeddings_unavailable", message));
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((Instant::now(), Arc::clone(&error)));
                return Err(again(&error));
            }
        };
        if !answer.ok() {
            let message = format!("The embeddings endpoint answered {}.", answer.status);
            let retry =
                if answer.status == 429 || answer.status >= 500 { Retry::After { seconds: 15 } } else { Retry::No };
            return Err(refused("embeddings_refused", message).retry(retry));
        }
        let answer: Answer = answer.json().map_err(|error| {
            refused("embeddings_malformed", "The embeddings endpoint answered something else.").because(error)
        })?;
        self.in_order(answer, texts.len())
    }

    fn in_order(&self, answer: Answer, wanted: usize) -> Result<Vec<Vec<f32>>> {
        let mut data = answer.data;
        data.sort_by_key(|one| one.index);
        if data.len() != wanted {
            return Err(refused("embeddings_malformed", format!("{} vectors came for {wanted} texts.", data.len())));
        }
        let dimension = usize::from(self.settings.dimension);
        data.into_iter().map(|one| unit(one.embedding, dimension)).collect()
    }
}

fn unit(mut vector: Vec<f32>, dimension: usize) -> Result<Vec<f32>> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if vector.len() != dimension || !length.is_finite() || length == 0.0 {
        let message = format!("The model gives {} numbers, ALLIN_EMBEDDINGS_DIMENSION says {dimension}.", vector.len());
        return Err(refused("embeddings_dimension", message));
    }
    for value in &mut vector {
        *value /= length;
    }
    Ok(vector)
}

fn refused(code: &'static str, message: impl Into<String>) -> Error {
    Error::operator(code, message).next(
        "Check ALLIN_EMBEDDINGS_URL, ALLIN_EMBEDDINGS_KEY, ALLIN_EMBEDDINGS_MODEL and ALLIN_EMBEDDINGS_DIMENSION. Documents are found by \
         their words meanwhile.",
    )
}

pub fn windows(prefix: &str, body: &str) -> Vec<Window> {
    let room = room(guessed(prefix).len());
    windows_of(body, &guessed(body), room, OVERLAP).into_iter().map(Window::from).collect()
}

/// At most four letters or digits of ASCII, or one other character that is no space: more tokens than nearly any vocabulary makes.
fn guessed(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (at, character) in text.char_indices().filter(|(_, character)| !character.is_whitespace()) {
        let here: Range<usize> = at..at + character.len_utf8();
        let plain = character.is_ascii_alphanumeric();
        match tokens.last_mut() {
            Some(last) if plain && last.id == 1 && last.origin.end == at && last.origin.len() < 4 => {
                last.origin.end = here.end
            }
            _ => tokens.push(Token { id: u32::from(plain), origin: here }),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_guessed_and_windows_end_with_sentences() {
        let seen: Vec<&str> =
            guessed("Größe 12345, 好的").into_iter().map(|token| &"Größe 12345, 好的"[token.origin]).collect();
        assert_eq!(seen, ["Gr", "ö", "ß", "e", "1234", "5", ",", "好", "的"]);
        let body = "A sentence of some words, no more. ".repeat(60);
        let cut = windows("Title", &body);
        assert!(cut.len() > 3);
        assert!(cut.iter().all(|window| body[window.start..window.end].ends_with('.')));
    }

    #[test]
    fn the_address_is_completed_once() {
        let at = |url: &str| {
            let http = Http::new([]).unwrap();
            let settings = Settings { url: url.parse().unwrap(), key: None, model: "m".into(), dimension: 3 };
            Endpoint::new(&http, settings).url.to_string()
        };
        assert_eq!(at("https://api.example.com/v1"), "https://api.example.com/v1/embeddings");
        assert_eq!(at("https://api.example.com/v1/embeddings"), "https://api.example.com/v1/embeddings");
        assert_eq!(at("http://localhost:11434"), "http://localhost:11434/embeddings");
    }
}
