//! The gate. Every operation is a use case and is called through [`App::call`], whatever the door: the gate opens the
//! tenant transaction, checks the right, asks the person where it must, honours idempotency, runs, and writes the audit
//! entry. Callers translate and delegate.

use std::future::{Future, ready};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    app::{
        App,
        confirm::{self, Asked, Question},
        ctx::{Actor, Ctx},
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
    model::roles::{Permission, Role},
    store::{
        audit,
        db::{Entered, Entrance, Tx},
        idempotency::{self, Claim},
    },
    vault::sha256,
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
    changes: Vec<Value>,
}

impl<'a> Scope<'a> {
    fn new(app: &'a App, ctx: &'a Ctx, tx: &'a mut Tx, entered: &'a Entered, now: Timestamp) -> Self {
        Self { tx, app, ctx, entered, now, changes: Vec::new() }
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

impl App {
    /// See the module text.
    pub async fn call<U: UseCase>(&self, ctx: &Ctx, input: U::Input, options: CallOptions) -> Result<Reply<U::Output>> {
        let span = tracing::info_span!("call", name = U::NAME, request = %ctx.request, workspace = %ctx.workspace, origin = ctx.origin.as_str());
        let result = tracing::Instrument::instrument(U::Form::drive(self, ctx, input, options), span).await;
        if let Err(error) = &result
            && error.kind() == Kind::Internal
        {
            tracing::error!(request = %ctx.request, name = U::NAME, error = error.chain(), "call failed");
        }
        result
    }

    /// [`App::call`] for tests, commands and jobs that need only the output.
    pub async fn call_once<U: UseCase>(&self, ctx: &Ctx, input: U::Input) -> Result<U::Output> {
        self.call::<U>(ctx, input, CallOptions::default()).await?.done()
    }

    async fn enter(&self, ctx: &Ctx, now: Timestamp) -> Result<(Tx, Entered)> {
        let entrance = match &ctx.actor {
            Actor::Person { member } | Actor::Connection { member, .. } => {
                Entrance::Member { member: *member, key: None }
            }
            Actor::ApiKey { member, key } => Entrance::Member { member: *member, key: Some(*key) },
            Actor::System { .. } => Entrance::System,
        };
        self.db.tenant(ctx.workspace, entrance, now).await
    }
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

pub struct Locally;
pub struct Remotely;

impl<U: Local> Form<U> for Locally {
    const REMOTE: bool = false;

    async fn drive(app: &App, ctx: &Ctx, input: U::Input, options: CallOptions) -> Result<Reply<U::Output>> {
        let now = app.clock.now();
        let (mut tx, entered) = app.enter(ctx, now).await?;
        if U::EFFECT == Effect::Read {
            if let Err(error) = permit(ctx, &entered, U::NEEDS) {
                refused(app, ctx, &mut tx, now, U::NAME, &error).await?;
                tx.commit().await?;
                return Err(error);
            }
            let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
            let output = U::run(&mut scope, input).await?;
            tx.finish_read();
            return Ok(Reply::Done(Answer { output, replayed: false }));
        }
        let claim = match prelude::<U>(app, ctx, &mut tx, &entered, now, &input, &options, None).await? {
            Prelude::Go(claim) => claim,
            Prelude::Stop(reply) => return Ok(reply),
            Prelude::Refused(error) => {
                tx.commit().await?;
                return Err(error);
            }
        };
        let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
        let output = U::run(&mut scope, input).await?;
        let changes = std::mem::take(&mut scope.changes);
        conclude::<U>(app, ctx, &mut tx, now, claim, changes, &output).await?;
        tx.commit().await?;
        app.due.notify_one();
        app.announce(ctx.workspace);
        Ok(Reply::Done(Answer { output, replayed: false }))
    }
}

impl<U: Remote> Form<U> for Remotely {
    const REMOTE: bool = true;

    async fn drive(app: &App, ctx: &Ctx, input: U::Input, options: CallOptions) -> Result<Reply<U::Output>> {
        let now = app.clock.now();
        let (mut tx, entered) = app.enter(ctx, now).await?;
        // Two minutes: longer than any outbound call may take.
        let lease = Some(now.plus_secs(120));
        let claim = match prelude::<U>(app, ctx, &mut tx, &entered, now, &input, &options, lease).await? {
            Prelude::Go(claim) => claim,
            Prelude::Stop(reply) => return Ok(reply),
            Prelude::Refused(error) => {
                tx.commit().await?;
                return Err(error);
            }
        };
        let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
        let plan = U::begin(&mut scope, input).await?;
        let changes = std::mem::take(&mut scope.changes);
        // Should nobody come back, the log says what was begun.
        record(app, ctx, &mut tx, now, U::NAME, "unknown", &Value::Array(changes)).await?;
        tx.commit().await?;
        app.due.notify_one();

        let outcome = match U::call(app, ctx, plan).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let now = app.clock.now();
                let (mut tx, _) = app.enter(ctx, now).await?;
                if let Some(claim) = claim {
                    idempotency::give_up(&mut tx, ctx.workspace, &ctx.actor.key(), U::NAME, &claim).await?;
                }
                refused(app, ctx, &mut tx, now, U::NAME, &error).await?;
                tx.commit().await?;
                return Err(error);
            }
        };

        let now = app.clock.now();
        let (mut tx, entered) = app.enter(ctx, now).await?;
        let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
        let output = U::finish(&mut scope, outcome).await?;
        let changes = std::mem::take(&mut scope.changes);
        conclude::<U>(app, ctx, &mut tx, now, claim, changes, &output).await?;
        tx.commit().await?;
        app.announce(ctx.workspace);
        Ok(Reply::Done(Answer { output, replayed: false }))
    }
}

enum Prelude<T> {
    /// Go on, holding this idempotency key.
    Go(Option<String>),
    Stop(Reply<T>),
    /// Refused; the refusal is in the audit log of the open transaction.
    Refused(Error),
}

#[expect(clippy::too_many_arguments, reason = "the one step that both forms share")]
async fn prelude<U: UseCase>(
    app: &App,
    ctx: &Ctx,
    tx: &mut Tx,
    entered: &Entered,
    now: Timestamp,
    input: &U::Input,
    options: &CallOptions,
    lease: Option<Timestamp>,
) -> Result<Prelude<U::Output>> {
    if let Err(error) = permit(ctx, entered, U::NEEDS) {
        refused(app, ctx, tx, now, U::NAME, &error).await?;
        return Ok(Prelude::Refused(error));
    }
    let canonical = serde_json::to_vec(input).map_err(Error::internal)?;
    let input_hash = sha256(&canonical);
    if let Some(first) = find_first::<U>(ctx, tx, now, &input_hash, options).await? {
        return Ok(Prelude::Stop(Reply::Done(Answer { output: first, replayed: true })));
    }
    let mut scope = Scope::new(app, ctx, tx, entered, now);
    if let Some(question) = U::question(&mut scope, input).await? {
        let subject = confirm::Subject { actor: &ctx.actor.key(), workspace: ctx.workspace, use_case: U::NAME, input_hash, version: &question.version };
        match &options.confirmation {
            None => return Ok(Prelude::Stop(Reply::Ask(confirm::ask(app, now, &subject, question.clone())))),
            Some(state) => confirm::spend(app, tx, now, &subject, state).await?,
        }
    }
    let Some(key) = claim_key::<U>(&input_hash, options) else { return Ok(Prelude::Go(None)) };
    let keep = now.plus_secs(if options.idempotency_key.is_some() { 24 * 3600 } else { 600 });
    match idempotency::claim(tx, ctx.workspace, &ctx.actor.key(), U::NAME, &key, &input_hash, now, lease, keep).await? {
        Claim::Taken => Ok(Prelude::Go(Some(key))),
        Claim::Done(output) => Ok(Prelude::Stop(Reply::Done(Answer { output: decode(output)?, replayed: true }))),
        Claim::UnderWay => Err(Error::conflict("call_under_way", "The same call is being carried out at this moment.")
            .next("Wait a few seconds, then repeat it with the same idempotency key to get its result.")
            .retry(crate::error::Retry::After { seconds: 5 })),
    }
}

/// The stored result of the same call, before anybody is asked anything.
async fn find_first<U: UseCase>(
    ctx: &Ctx,
    tx: &mut Tx,
    now: Timestamp,
    input_hash: &[u8; 32],
    options: &CallOptions,
) -> Result<Option<U::Output>> {
    let Some(key) = claim_key::<U>(input_hash, options) else { return Ok(None) };
    let found = idempotency::find(tx, ctx.workspace, &ctx.actor.key(), U::NAME, &key, input_hash, now).await?;
    found.map(decode).transpose()
}

fn claim_key<U: UseCase>(input_hash: &[u8; 32], options: &CallOptions) -> Option<String> {
    match (&options.idempotency_key, U::REPEAT) {
        (Some(key), _) => Some(format!("key:{key}")),
        (None, Repeat::SameWithinTenMinutes) => Some(format!("same:{}", data_encoding::HEXLOWER.encode(input_hash))),
        (None, Repeat::EachCounts) => None,
    }
}

fn decode<T: DeserializeOwned>(output: Value) -> Result<T> {
    serde_json::from_value(output).map_err(Error::internal)
}

async fn conclude<U: UseCase>(
    app: &App,
    ctx: &Ctx,
    tx: &mut Tx,
    now: Timestamp,
    claim: Option<String>,
    changes: Vec<Value>,
    output: &U::Output,
) -> Result<()> {
    record(app, ctx, tx, now, U::NAME, "done", &Value::Array(changes)).await?;
    if let Some(key) = claim {
        idempotency::store(tx, ctx.workspace, &ctx.actor.key(), U::NAME, &key, &U::keep(output)?).await?;
    }
    Ok(())
}

async fn refused(app: &App, ctx: &Ctx, tx: &mut Tx, now: Timestamp, use_case: &str, error: &Error) -> Result<()> {
    record(app, ctx, tx, now, use_case, "refused", &json!([{ "code": error.code() }])).await
}

/// Writes an audit entry into the open transaction.
pub async fn record(
    app: &App,
    ctx: &Ctx,
    tx: &mut Tx,
    now: Timestamp,
    use_case: &str,
    outcome: &str,
    changes: &Value,
) -> Result<()> {
    let entry = audit::NewEntry {
        id: app.ids.next(now),
        workspace: ctx.workspace,
        at: now,
        actor: &ctx.actor.key(),
        origin: ctx.origin.as_str(),
        request: ctx.request,
        use_case,
        outcome,
        changes,
    };
    audit::insert(tx, &entry).await
}

/// Whether this caller has the right.
pub fn permit(ctx: &Ctx, entered: &Entered, needs: Permission) -> Result<()> {
    let Some(role) = entered.role else { return Ok(()) };
    let rule = needs.rule();
    if rule.person_only && !ctx.actor.is_person() {
        return Err(Error::forbidden("person_only", "Only a person can do this, not a connected program or key.")
            .next("Use the `allin` command line on the machine that runs AllIN."));
    }
    if !role.has(needs) {
        return Err(Error::forbidden(
            "role_too_low",
            format!("This takes the role {} or higher; you are {}.", rule.least.as_str(), role.as_str()),
        ));
    }
    Ok(())
}
