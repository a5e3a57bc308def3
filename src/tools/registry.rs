//! What a tool is: its face for the client, the use case behind it, and which sets it belongs to.

use std::str::FromStr;

use futures::future::BoxFuture;
use rmcp::model::{Tool, ToolAnnotations};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    app::{
        App,
        confirm::Asked,
        ctx::Ctx,
        use_case::{CallOptions, Effect, Form, Reply, UseCase},
    },
    error::{Error, Result},
    model::roles::{Permission, Role},
    tools::schema,
};

/// A group of tools that can be switched on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Toolset {
    Posts,
    Schedule,
    Accounts,
    Team,
    Analytics,
    Knowledge,
    Agents,
    Automation,
    Admin,
}

impl Toolset {
    pub const ALL: [Self; 9] = [
        Self::Posts,
        Self::Schedule,
        Self::Accounts,
        Self::Team,
        Self::Analytics,
        Self::Knowledge,
        Self::Agents,
        Self::Automation,
        Self::Admin,
    ];

    /// What a client gets that asks for nothing in particular.
    pub const DEFAULT: [Self; 5] = [Self::Posts, Self::Schedule, Self::Accounts, Self::Team, Self::Knowledge];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posts => "posts",
            Self::Schedule => "schedule",
            Self::Accounts => "accounts",
            Self::Team => "team",
            Self::Analytics => "analytics",
            Self::Knowledge => "knowledge",
            Self::Agents => "agents",
            Self::Automation => "automation",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Toolset {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|set| set.as_str() == text.trim()).ok_or_else(|| {
            Error::invalid("toolset_unknown", format!("`{}` is no toolset.", text.chars().take(40).collect::<String>()))
                .next(format!("Use some of: {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

/// Which tools a connection is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Offered whole.
    pub toolsets: Vec<Toolset>,
    /// The everyday tools of [`Toolset::DEFAULT`] besides: few enough that a model's context bears them.
    pub everyday: bool,
    /// Only tools that change nothing; wins over everything else.
    pub read_only: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self { toolsets: Vec::new(), everyday: true, read_only: false }
    }
}

impl Profile {
    /// Whether the profile has the tool, whoever asks.
    pub fn has(&self, spec: &ToolSpec) -> bool {
        let everyday = |set| self.everyday && spec.everyday && Toolset::DEFAULT.contains(&set);
        spec.toolset.is_none_or(|set| self.toolsets.contains(&set) || everyday(set))
            && (!self.read_only || spec.effect == Effect::Read)
    }

    /// Whether it is shown to this role.
    pub fn offers(&self, spec: &ToolSpec, role: Role) -> bool {
        self.has(spec) && role.has(spec.needs)
    }
}

/// The result of a call: data for the program, text for the reader.
pub struct Said {
    pub data: Value,
    pub text: String,
    /// A picture beside it, as PNG.
    pub picture: Option<Vec<u8>>,
    /// The address of a page that only the person is to see; it is no part of the result.
    pub page: Option<String>,
    pub replayed: bool,
}

pub enum ToolReply {
    Done(Said),
    Ask(Asked),
}

type Call = for<'a> fn(&'a App, &'a Ctx, Map<String, Value>, CallOptions) -> BoxFuture<'a, Result<ToolReply>>;

pub struct ToolSpec {
    pub name: &'static str,
    /// `None`: in every profile.
    pub toolset: Option<Toolset>,
    /// Whether it is offered to who asks for nothing in particular; else its toolset has to be named.
    pub everyday: bool,
    pub effect: Effect,
    pub needs: Permission,
    /// As the client sees it.
    pub tool: Tool,
    pub call: Call,
    /// The name of the use case behind it.
    pub use_case: &'static str,
    /// Calls something outside between two transactions: once begun it is carried to its end.
    pub remote: bool,
    /// Where the result says which page a person is to open.
    pub page: Option<fn(&Value) -> Option<String>>,
    /// Whether a page belongs to the answer: what comes back from the client's second round is the first result then.
    pub shows_page: bool,
}

impl ToolSpec {
    pub fn title(&self) -> &str {
        self.tool.title.as_deref().unwrap_or(self.name)
    }
}

/// The texts of a tool.
pub struct Face {
    pub name: &'static str,
    pub toolset: Option<Toolset>,
    pub title: &'static str,
    pub description: &'static str,
    /// Calling again with the same input changes nothing further.
    pub idempotent: bool,
    /// Talks to other servers.
    pub open_world: bool,
    /// Asks the person first.
    pub asks: bool,
}

/// A use case as a tool.
pub trait Spoken: UseCase {
    /// The result for a reader: what happened or what was found, in few words, with the ids that the next call needs.
    fn say(output: &Self::Output) -> String;

    /// The address of a page that only the person is to see.
    fn page(_: &mut Self::Output) -> Option<String> {
        None
    }

    /// A picture of the result, as PNG.
    fn picture(_: &mut Self::Output) -> Option<Vec<u8>> {
        None
    }
}

pub fn tool<U: Spoken>(face: Face) -> ToolSpec {
    let hints = ToolAnnotations::with_title(face.title)
        .read_only(U::EFFECT == Effect::Read)
        .destructive(matches!(U::EFFECT, Effect::Destructive | Effect::Public))
        .idempotent(face.idempotent || U::EFFECT == Effect::Read)
        .open_world(face.open_world);
    let tool = Tool::new(face.name, face.description, schema::input::<U::Input>(U::EFFECT != Effect::Read, face.asks))
        .with_title(face.title)
        .with_annotations(hints)
        .with_raw_output_schema(schema::output::<U::Output>());
    ToolSpec {
        name: face.name,
        toolset: face.toolset,
        everyday: true,
        effect: U::EFFECT,
        needs: U::NEEDS,
        tool,
        call: |app, ctx, arguments, options| Box::pin(call::<U>(app, ctx, arguments, options)),
        use_case: U::NAME,
        remote: <U::Form as Form<U>>::REMOTE,
        page: None,
        shows_page: false,
    }
}

/// A tool that is offered only where its toolset is named.
pub fn on_demand<U: Spoken>(face: Face) -> ToolSpec {
    ToolSpec { everyday: false, ..tool::<U>(face) }
}

async fn call<U: Spoken>(
    app: &App,
    ctx: &Ctx,
    arguments: Map<String, Value>,
    options: CallOptions,
) -> Result<ToolReply> {
    if arguments.values().any(has_nul) || options.idempotency_key.as_deref().is_some_and(|key| key.contains('\0')) {
        return Err(Error::invalid("arguments_invalid", "A text contains a NUL character, which cannot be kept.")
            .next("Remove the character and call again."));
    }
    let input: U::Input = serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let message = message.trim_end_matches('.');
        Error::invalid("arguments_invalid", format!("The arguments do not fit this tool: {message}."))
            .next("Correct the named argument after the tool's input schema and call again.")
            .field(if path == "." { String::new() } else { path }, message)
    })?;
    match app.call::<U>(ctx, input, options).await? {
        Reply::Ask(asked) => Ok(ToolReply::Ask(asked)),
        Reply::Done(mut answer) => Ok(ToolReply::Done(Said {
            text: U::say(&answer.output),
            picture: U::picture(&mut answer.output),
            page: U::page(&mut answer.output),
            data: serde_json::to_value(&answer.output).map_err(Error::internal)?,
            replayed: answer.replayed,
        })),
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.values().any(has_nul),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
