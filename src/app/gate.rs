//! The gate. Every operation is called through [`App::call`], whatever the door: the gate opens the tenant transaction,
//! checks the right, asks the person where it must, honours idempotency, runs, and writes the audit entry. Callers
//! translate and delegate.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    app::{
        App,
        audit::write,
        confirm,
        ctx::Ctx,
        permit::permit,
        use_case::{
            Answer, CallOptions, Effect, Form, Local, Locally, Remote, Remotely, Repeat, Reply, Scope, Seek, Seekingly,
            Sought, UseCase,
        },
    },
    clock::Timestamp,
    error::{Error, Kind, Result},
    store::{
        audit::NewEntry,
        db::{Entered, Tx},
        idempotency::{self, Claim},
    },
    vault::sha256,
};

impl App {
    /// See the module text.
    pub async fn call<U: UseCase>(&self, ctx: &Ctx, input: U::Input, options: CallOptions) -> Result<Reply<U::Output>> {
        let proven = self.prove_at_terminal(ctx, U::NEEDS).await?;
        let ctx = proven.as_ref().unwrap_or(ctx);
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

    async fn enter(&self, ctx: &Ctx, decides: bool, now: Timestamp) -> Result<(Tx, Entered)> {
        let db = if decides { self.decider().await? } else { &self.db };
        db.tenant(ctx.workspace, ctx.actor.entrance(), now).await
    }
}

impl<U: Local> Form<U> for Locally {
    const REMOTE: bool = false;

    async fn drive(app: &App, ctx: &Ctx, input: U::Input, options: CallOptions) -> Result<Reply<U::Output>> {
        let now = app.clock.now();
        let (mut tx, entered) = app.enter(ctx, U::DECIDES, now).await?;
        if U::EFFECT == Effect::Read {
            if let Err(error) = permit(ctx, &mut tx, &entered, U::NEEDS).await {
                refused(app, ctx, &mut tx, now, U::NAME, &error).await?;
                tx.commit().await?;
                return Err(error);
            }
            let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
            scope.progress = options.progress;
            let output = U::run(&mut scope, input).await?;
            let notes = std::mem::take(&mut scope.changes);
            // The further pages of what is read in pages note nothing.
            if U::LOGGED && !notes.is_empty() {
                record(app, ctx, &mut tx, now, U::NAME, "done", &Value::Array(notes)).await?;
                tx.commit().await?;
            } else {
                tx.finish_read();
            }
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
        scope.progress = options.progress;
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
        let (mut tx, entered) = app.enter(ctx, U::DECIDES, now).await?;
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
        scope.progress = options.progress.clone();
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
                let (mut tx, _) = app.enter(ctx, U::DECIDES, now).await?;
                if let Some(claim) = claim {
                    idempotency::give_up(&mut tx, ctx.workspace, &ctx.actor.key(), U::NAME, &claim).await?;
                }
                refused(app, ctx, &mut tx, now, U::NAME, &error).await?;
                tx.commit().await?;
                return Err(error);
            }
        };

        let now = app.clock.now();
        let (mut tx, entered) = app.enter(ctx, U::DECIDES, now).await?;
        let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
        scope.progress = options.progress;
        let output = U::finish(&mut scope, outcome).await?;
        let changes = std::mem::take(&mut scope.changes);
        conclude::<U>(app, ctx, &mut tx, now, claim, changes, &output).await?;
        tx.commit().await?;
        app.announce(ctx.workspace);
        Ok(Reply::Done(Answer { output, replayed: false }))
    }
}

impl<U: Seek> Form<U> for Seekingly {
    const REMOTE: bool = false;

    async fn drive(app: &App, ctx: &Ctx, input: U::Input, options: CallOptions) -> Result<Reply<U::Output>> {
        let now = app.clock.now();
        let (mut tx, entered) = app.enter(ctx, U::DECIDES, now).await?;
        if let Err(error) = permit(ctx, &mut tx, &entered, U::NEEDS).await {
            refused(app, ctx, &mut tx, now, U::NAME, &error).await?;
            tx.commit().await?;
            return Err(error);
        }
        let mut scope = Scope::new(app, ctx, &mut tx, &entered, now);
        scope.progress = options.progress;
        let sought = U::look(&mut scope, input).await?;
        tx.finish_read();
        let output = match sought {
            Sought::Found(output) => output,
            Sought::Seek(plan) => U::seek(app, ctx, plan).await?,
        };
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
    if let Err(error) = permit(ctx, tx, entered, U::NEEDS).await {
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
        let subject = confirm::Subject {
            actor: &ctx.actor.key(),
            workspace: ctx.workspace,
            use_case: U::NAME,
            input_hash,
            version: &question.version,
        };
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
    let entry = NewEntry {
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
    write(app, tx, &[entry]).await
}
