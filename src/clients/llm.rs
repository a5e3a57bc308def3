//! A language model behind an OpenAI-compatible endpoint that the operator named. One question, one text back; it knows
//! nothing of what it is about, offers the model no tools, and repeats only what a server did not understand.

use std::{fmt, time::Duration};

use async_openai::types::chat::{
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage, CreateChatCompletionRequest, ResponseFormat,
    ResponseFormatJsonSchema,
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use super::http::{Answer, Call, Http, HttpError, guard::Origin};
use crate::error::{Error, Result, Retry};

/// Models think before they answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// For asking again without what the server did not know: both together stay below the lease of a call.
const PATIENCE_AGAIN: Duration = Duration::from_secs(40);
/// Longest answer, with all that servers put around it.
const ANSWER_BYTES: usize = 512 * 1024;

/// Where the model is, as the operator says.
#[derive(Clone)]
pub struct LlmAddress {
    url: Url,
    key: Option<SecretString>,
    model: String,
}

/// A way to ask the model. Cheap to clone.
#[derive(Clone)]
pub struct Llm {
    http: Http,
    at: LlmAddress,
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    pub system: &'a str,
    pub user: &'a str,
    /// JSON Schema of the answer; servers that know none of it answer in words.
    pub schema: &'a Value,
    pub schema_name: &'a str,
    /// Most tokens of the answer.
    pub tokens: u32,
}

impl LlmAddress {
    /// `url` is the base, such as `https://api.example.com/v1`. Plain http only to this machine and to the servers of
    /// `listed`: key and questions would be read on the way.
    pub fn new(
        url: &str,
        key: Option<SecretString>,
        model: &str,
        listed: &[Origin],
    ) -> std::result::Result<Self, &'static str> {
        let mut url: Url = url.parse().map_err(|_| "is no web address")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("has a user or password in it: the key belongs into ALLIN_LLM_KEY");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("has something after the path");
        }
        let named = Origin::of(&url).is_some_and(|origin| listed.contains(&origin));
        match url.scheme() {
            "https" => {}
            "http" if named || on_this_machine(&url) => {}
            "http" => return Err("is not https, and neither on this machine nor in ALLIN_ALLOW_ORIGINS"),
            _ => return Err("begins with neither https:// nor http://"),
        }
        let path = url.path().trim_end_matches('/').trim_end_matches("/chat/completions").to_owned();
        url.set_path(&format!("{path}/chat/completions"));
        Ok(Self { url, key, model: model.to_owned() })
    }
}

fn on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Keys stay out of logs.
impl fmt::Debug for LlmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.model, self.url)
    }
}

impl fmt::Debug for Llm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

/// As much of an answer as is needed: servers differ in the rest.
#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
}

impl Llm {
    /// The server that the operator named is an exception of the guard; no other is reached by it.
    pub fn new(http: &Http, at: LlmAddress) -> Self {
        let http = Origin::of(&at.url).map_or_else(|| http.clone(), |origin| http.allowing(origin));
        Self { http, at }
    }

    pub fn model(&self) -> &str {
        &self.at.model
    }

    /// Asks once. A server that does not know the form that is asked for is asked for plain words.
    pub async fn ask(&self, prompt: &Prompt<'_>) -> Result<String> {
        let answer = self.send(self.request(prompt, true)?, PATIENCE).await?;
        if matches!(answer.status, 400 | 422) {
            return read(&self.send(self.request(prompt, false)?, PATIENCE_AGAIN).await?);
        }
        read(&answer)
    }

    fn request(&self, prompt: &Prompt<'_>, whole: bool) -> Result<Value> {
        let format = ResponseFormat::JsonSchema {
            json_schema: ResponseFormatJsonSchema {
                description: None,
                name: prompt.schema_name.to_owned(),
                schema: prompt.schema.clone(),
                strict: Some(true),
            },
        };
        let request = CreateChatCompletionRequest {
            model: self.at.model.clone(),
            messages: vec![
                ChatCompletionRequestSystemMessage::from(prompt.system).into(),
                ChatCompletionRequestUserMessage::from(prompt.user).into(),
            ],
            response_format: whole.then_some(format),
            max_completion_tokens: whole.then_some(prompt.tokens),
            ..CreateChatCompletionRequest::default()
        };
        serde_json::to_value(request).map_err(Error::internal)
    }

    async fn send(&self, request: Value, patience: Duration) -> Result<Answer> {
        let mut call = Call::post(self.at.url.clone()).json(request).timeout(patience).max_bytes(ANSWER_BYTES);
        if let Some(key) = &self.at.key {
            call = call.bearer(key.clone());
        }
        self.http.send(call).await.map_err(unreachable)
    }
}

fn read(answer: &Answer) -> Result<String> {
    let retry_after = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    match answer.status {
        200..=299 => {}
        429 | 503 | 529 => return Err(busy(retry_after)),
        300..=399 | 500..=599 => return Err(not_reached(format!("its server answered {}", answer.status))),
        status => return Err(refused(status)),
    }
    let completion: Completion = answer.json().map_err(|error| malformed().because(error))?;
    let content = completion.choices.into_iter().next().and_then(|choice| choice.message.content);
    content.filter(|text| !text.trim().is_empty()).ok_or_else(malformed)
}

/// For what takes a language model where none is set.
pub fn not_configured() -> Error {
    Error::operator("llm_not_configured", "This takes a language model, and none is set.").next(
        "Set ALLIN_LLM_URL to an OpenAI-compatible endpoint, such as http://localhost:11434/v1, ALLIN_LLM_MODEL to the \
         model's name and, where the server asks for one, ALLIN_LLM_KEY.",
    )
}

fn unreachable(error: HttpError) -> Error {
    match error {
        HttpError::TooLarge { .. } => malformed(),
        other => not_reached(other.summary()).because(Error::from(other)),
    }
}

fn not_reached(why: String) -> Error {
    Error::unavailable("llm_unreachable", format!("The language model cannot be reached: {why}."))
        .next("Check that its server runs and that ALLIN_LLM_URL is right, then try again.")
        .retry(Retry::After { seconds: 30 })
}

fn refused(status: u16) -> Error {
    Error::operator("llm_refused", format!("The language model's server refuses the request ({status})."))
        .next("Check ALLIN_LLM_KEY, ALLIN_LLM_MODEL and ALLIN_LLM_URL.")
}

fn busy(after: Option<u32>) -> Error {
    Error::unavailable("llm_busy", "The language model's server takes no more requests for now.")
        .next("Try again later; its provider may have set a limit.")
        .retry(Retry::After { seconds: after.unwrap_or(30).clamp(1, 3600) })
}

/// Also for whoever cannot make sense of the text.
pub fn malformed() -> Error {
    Error::unavailable("llm_malformed", "The language model's answer has not the form that was asked for.")
        .next("Try again; if it stays, choose another model with ALLIN_LLM_MODEL.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> std::result::Result<LlmAddress, &'static str> {
        LlmAddress::new(url, None, "a-model", &["models.lan:8000".parse().unwrap()])
    }

    #[test]
    fn keys_and_questions_go_nowhere_in_plain_text_unless_named() {
        for (url, called) in [
            ("https://api.example.com/v1", "https://api.example.com/v1/chat/completions"),
            ("https://api.example.com/v1/", "https://api.example.com/v1/chat/completions"),
            ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1/chat/completions"),
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions"),
            ("http://localhost:8080", "http://localhost:8080/chat/completions"),
            ("http://[::1]:8080", "http://[::1]:8080/chat/completions"),
            ("http://models.lan:8000/v1", "http://models.lan:8000/v1/chat/completions"),
        ] {
            assert_eq!(address(url).unwrap().url.as_str(), called);
        }
        for url in [
            "http://api.example.com/v1",
            "http://models.lan:8001/v1",
            "ftp://localhost/",
            "https://user:key@api.example.com/v1",
            "https://api.example.com/v1?key=1",
            "api.example.com",
        ] {
            assert!(address(url).is_err(), "{url}");
        }
    }

    #[test]
    fn nothing_shows_the_key() {
        let at = LlmAddress::new("https://api.example.com/v1", Some("sk-secret".into()), "a-model", &[]).unwrap();
        assert_eq!(format!("{at:?}"), "a-model at https://api.example.com/v1/chat/completions");
    }
}
