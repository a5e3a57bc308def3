//! What an operation is: a use case, local or remote, and what it is given to work with. `gate` drives them.

use std::future::{Future, ready};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    app::{
        App,
        confirm::{Asked, Question},
        ctx::Ctx,
        progress::Progress,
    },
    clock::Timestamp,
    error::{Error, Result},
    model::roles::{Permission, Role},
    store::db::{Entered, Tx},
};

/// What a call does to the world; feeds the hints of tools and the read-only filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Read,
    /// Changes only what AllIN keeps, and can be taken back.
    Write,
    /// Removes something for good.
    Destructive,
    /// Makes something public, or asks another server.
    Public,
}

/// Whether an identical call soon after counts as the same call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Every call counts, unless it carries an idempotency key.
    EachCounts,
    /// The same actor creating the same thing within 10 minutes gets the first result.
    SameWithinTenMinutes,
}

pub trait UseCase: Sized + Send + Sync + 'static {
    type Input: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static;
    type Output: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// [`Locally`] or [`Remotely`].
    type Form: Form<Self>;
    /// `noun_verb`; the name in the audit log.
    const NAME: &'static str;
    const NEEDS: Permission;
    const EFFECT: Effect;
    const REPEAT: Repeat = Repeat::EachCounts;
    /// Whether it writes what only a proven person may: its transactions are those of another role of the database.
    const DECIDES: bool = false;
    /// Whether a read is written to the audit log, because much leaves with it.
    const LOGGED: bool = false;

    /// What the person must say yes to first; computed again in the final round, where it must not have changed.
    fn question(_: &mut Scope<'_>, _: &Self::Input) -> impl Future<Output = Result<Option<Question>>> + Send {
        ready(Ok(None))
    }

    /// What is stored for whoever repeats the call; a use case whose output holds a secret leaves it out here.
    fn keep(output: &Self::Output) -> Result<Value> {
        serde_json::to_value(output).map_err(Error::internal)
    }
}

/// All in one tenant transaction.
pub trait Local: UseCase<Form = Locally> {
    fn run(scope: &mut Scope<'_>, input: Self::Input) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// Something outside is called between two transactions. What `begin` commits must let someone else pick the work up
/// when the process dies before `finish`.
pub trait Remote: UseCase<Form = Remotely> {
    type Plan: Send;
    type Outcome: Send;
    fn begin(scope: &mut Scope<'_>, input: Self::Input) -> impl Future<Output = Result<Self::Plan>> + Send;
    /// No transaction is open here. An error must mean that nothing happened outside.
    fn call(app: &App, ctx: &Ctx, plan: Self::Plan) -> impl Future<Output = Result<Self::Outcome>> + Send;
    fn finish(scope: &mut Scope<'_>, outcome: Self::Outcome) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// The inside of a tenant transaction, as a use case sees it.
pub struct Scope<'a> {
    pub tx: &'a mut Tx,
    pub app: &'a App,
    pub ctx: &'a Ctx,
    pub entered: &'a Entered,
    /// One instant for the whole transaction.
    pub now: Timestamp,
    /// Where a long call tells how far it is.
    pub progress: Progress,
    pub(super) changes: Vec<Value>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(app: &'a App, ctx: &'a Ctx, tx: &'a mut Tx, entered: &'a Entered, now: Timestamp) -> Self {
        Self { tx, app, ctx, entered, now, progress: Progress::default(), changes: Vec::new() }
    }

    /// The caller's role; the program itself counts as Admin.
    pub fn role(&self) -> Role {
        self.entered.role.unwrap_or(Role::Admin)
    }

    /// Notes for the audit log what this call changed. No secrets, no text of posts.
    pub fn changed(&mut self, what: &str, id: impl ToString, how: Value) {
        self.changes.push(json!({ "what": what, "id": id.to_string(), "how": how }));
    }

    /// A fresh id of any kind.
    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        self.app.ids.next(self.now).into()
    }
}

#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    pub idempotency_key: Option<String>,
    /// What [`Asked::state`] said, once the person has agreed.
    pub confirmation: Option<String>,
    /// Who is told how far a long call is.
    pub progress: Progress,
}

/// What the gate answers.
#[derive(Debug)]
pub enum Reply<T> {
    Done(Answer<T>),
    /// Nothing happened yet: the person has to agree first.
    Ask(Asked),
}

#[derive(Debug)]
pub struct Answer<T> {
    pub output: T,
    /// The call had been made before; this is its first result.
    pub replayed: bool,
}

impl<T> Reply<T> {
    /// For callers that have already asked, or whose use case never asks.
    pub fn done(self) -> Result<T> {
        match self {
            Self::Done(answer) => Ok(answer.output),
            Self::Ask(asked) => Err(Error::needs_confirmation("confirmation_needed", asked.question.text)),
        }
    }
}

/// A read that may have to wait for something that is no transaction's business: a model that computes, a page that is
/// fetched.
pub trait Seek: UseCase<Form = Seekingly> {
    type Plan: Send;
    /// In a read transaction, the right checked.
    fn look(
        scope: &mut Scope<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Sought<Self::Output, Self::Plan>>> + Send;
    /// No transaction is open here. What it reads, it reads with the rights of `ctx`.
    fn seek(app: &App, ctx: &Ctx, plan: Self::Plan) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// What a first look came to.
pub enum Sought<T, P> {
    Found(T),
    Seek(P),
}

/// How a use case is driven.
pub trait Form<U: UseCase> {
    /// Whether something outside is called in between.
    const REMOTE: bool;

    fn drive(
        app: &App,
        ctx: &Ctx,
        input: U::Input,
        options: CallOptions,
    ) -> impl Future<Output = Result<Reply<U::Output>>> + Send;
}

/// See [`Local`].
pub struct Locally;
/// See [`Remote`].
pub struct Remotely;
/// See [`Seek`].
pub struct Seekingly;
