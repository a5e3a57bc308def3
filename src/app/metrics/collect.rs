//! Asks a network for what is due on one account. Neither publishing nor the account hangs on it: a refusal only moves
//! the next try, and a server that has no figures is no failure.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    app::{
        App,
        publishing::tokens::{self, SignedIn},
    },
    clients::networks::{AccountSample, Failure, FailureKind, MetricSample, Remote},
    clock::Timestamp,
    error::{Error, Result},
    ids::TargetId,
    model::metrics::{self as rules, Absence, Reading},
    store::{
        accounts,
        collections::{self, ClaimedAccount, Course},
        db::{Entrance, Tx},
        metrics::{self, Due, NewSample},
    },
};

/// Posts that one claim asks for. With more to do the account goes to the end of the queue.
const TARGETS: i64 = 25;
/// Messages that one claim asks for, though never less than one post.
const MESSAGES: usize = 100;
/// An account is looked at this often, in seconds: what was published since is found then.
const LOOK_EVERY: i64 = 900;
/// After a failure: doubled with each, in seconds.
const BACKOFF: i64 = 300;
/// For an account that a person has to connect again, in seconds.
const DISCONNECTED: i64 = 6 * 3600;

/// What one claim asks for.
struct Task {
    due: Vec<Due>,
    /// The account's own figures are due too.
    own: bool,
    course: Course,
}

struct Answer {
    posts: Vec<MetricSample>,
    /// The account's own figures, or why there are none this time.
    own: std::result::Result<Vec<AccountSample>, Failure>,
    /// Network and server.
    source: String,
}

/// Returns how many figures were written.
pub async fn collect(app: &App, claim: &ClaimedAccount) -> Result<usize> {
    let Some(task) = look(app, claim).await? else { return Ok(0) };
    match ask(app, claim, &task).await? {
        Ok(answer) => keep(app, claim, task, answer).await,
        Err(failure) => give_up(app, claim, task, &failure).await.map(|()| 0),
    }
}

/// Reads what is due. When nothing is, the claim is given back.
async fn look(app: &App, claim: &ClaimedAccount) -> Result<Option<Task>> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(claim.workspace, Entrance::System, now).await?;
    let account = accounts::get(&mut tx, claim.workspace, claim.account).await?;
    if let Some(until) = account.and_then(|account| account.waits_until(now)) {
        collections::release(&mut tx, claim, until).await?;
        tx.commit().await?;
        return Ok(None);
    }
    metrics::forget_removed(&mut tx, claim.workspace, claim.account, now).await?;
    let mut due = metrics::due(&mut tx, claim.workspace, claim.account, now, TARGETS).await?;
    if let Some(over) = due.get(MESSAGES).map(|message| message.target_id)
        && due.first().is_some_and(|first| first.target_id != over)
    {
        // Never half a thread.
        due.truncate(due.iter().position(|message| message.target_id == over).unwrap_or(MESSAGES));
    }
    let course = collections::course(&mut tx, claim.workspace, claim.account).await?;
    let course = course.unwrap_or(Course {
        account_id: claim.account,
        tried_at: now,
        collected_at: None,
        figures_at: None,
        failures: 0,
        problem: None,
    });
    let own = course.figures_at.is_none_or(|last| last.plus_secs(rules::ACCOUNT_EVERY) <= now);
    if due.is_empty() && !own {
        release(&mut tx, claim, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(Task { due, own, course }))
}

/// Gives the claim back until the next post is due, or for a while.
async fn release(tx: &mut Tx, claim: &ClaimedAccount, now: Timestamp) -> Result<bool> {
    let next = metrics::next_due(tx, claim.workspace, claim.account).await?;
    let soon = now.plus_secs(LOOK_EVERY);
    collections::release(tx, claim, next.map_or(soon, |next| next.clamp(now, soon))).await
}

/// The inner failure is the network's.
async fn ask(app: &App, claim: &ClaimedAccount, task: &Task) -> Result<std::result::Result<Answer, Failure>> {
    let signed_in = match tokens::ready(app, claim.workspace, claim.account).await? {
        Ok(ready) => ready,
        Err(failure) => return Ok(Err(failure)),
    };
    let remotes = task.due.iter().map(remote).collect::<Result<Vec<_>>>()?;
    let first = figures(app, &signed_in, &remotes, task.own).await;
    Ok(match tokens::again(app, claim.workspace, &signed_in, &first).await? {
        None => first,
        Some(Ok(renewed)) => figures(app, &renewed, &remotes, task.own).await,
        Some(Err(failure)) => Err(failure),
    })
}

/// One try. `own`: also of the account itself.
async fn figures(
    app: &App,
    signed_in: &SignedIn,
    remotes: &[Remote],
    own: bool,
) -> std::result::Result<Answer, Failure> {
    let (adapter, account) = (app.networks.get(signed_in.network), &signed_in.account);
    let asking = async {
        let posts = match remotes.is_empty() {
            true => Vec::new(),
            false => adapter.metrics(account, remotes).await?,
        };
        let own = match own {
            true => adapter.account_metrics(account).await,
            false => Ok(Vec::new()),
        };
        match own {
            Err(failure) if remotes.is_empty() => Err(failure),
            own => Ok((posts, own)),
        }
    };
    let within = Duration::from_millis(u64::try_from(app.settings.send.lease).unwrap_or(60_000) * 4 / 5);
    match tokio::time::timeout(within, asking).await {
        Ok(asked) => {
            let (posts, own) = asked?;
            let source = format!("{}:{}", signed_in.network, account.base_url.host_str().unwrap_or_default());
            Ok(Answer { posts, own, source })
        }
        Err(_) => Err(Failure { kind: FailureKind::Transient, message: "the network took too long to answer".into() }),
    }
}

fn remote(message: &Due) -> Result<Remote> {
    serde_json::from_value(message.remote.clone()).map_err(Error::internal)
}

/// Writes the answer down, unless the claim was lost meanwhile.
async fn keep(app: &App, claim: &ClaimedAccount, task: Task, answer: Answer) -> Result<usize> {
    let now = app.now();
    let workspace = claim.workspace;
    let (mut tx, _) = app.db.tenant(workspace, Entrance::System, now).await?;
    if !collections::release(&mut tx, claim, now).await? {
        return Ok(0);
    }
    let unsupported = |reading: &Reading| *reading == Reading::Absent(Absence::Unsupported);
    let nothing = !answer.posts.is_empty() && answer.posts.iter().all(|sample| unsupported(&sample.reading));
    if nothing && metrics::ever_measured(&mut tx, workspace, claim.account).await? {
        // It had figures before: whoever has them does not answer at the moment.
        drop(tx);
        let message = "the server has no figures at the moment".to_owned();
        return give_up(app, claim, task, &Failure { kind: FailureKind::Transient, message }).await.map(|()| 0);
    }
    let mut written = keep_posts(&mut tx, claim, &task.due, &answer, now).await?;
    let mut course = Course { tried_at: now, collected_at: Some(now), failures: 0, problem: None, ..task.course };
    if task.own {
        // A failure here waits for its next turn: posts go on.
        course.figures_at = Some(now);
        match &answer.own {
            Ok(own) => {
                let samples: Vec<_> =
                    own.iter().map(|sample| (sample.metric.clone(), sample.reading, sample.as_of)).collect();
                let source = answer.source.as_str();
                metrics::insert_of_account(&mut tx, workspace, claim.account, &samples, source, now).await?;
                let before = now.plus_secs(-rules::DENSE_FOR);
                metrics::thin_out_account(&mut tx, workspace, claim.account, before).await?;
                written += samples.len();
            }
            Err(failure) => course.problem = Some(failure.message.clone()),
        }
    }
    collections::put_course(&mut tx, workspace, &course).await?;
    release(&mut tx, claim, now).await?;
    tx.commit().await?;
    app.announce(workspace);
    Ok(written)
}

async fn keep_posts(
    tx: &mut Tx,
    claim: &ClaimedAccount,
    due: &[Due],
    answer: &Answer,
    now: Timestamp,
) -> Result<usize> {
    let mut by_target: BTreeMap<TargetId, (Timestamp, i64, Vec<NewSample>)> = BTreeMap::new();
    for message in due {
        let id = remote(message)?.id;
        let entry = by_target.entry(message.target_id).or_insert((message.published_at, 0, Vec::new()));
        entry.1 += 1;
        entry.2.extend(answer.posts.iter().filter(|sample| sample.remote_id == id).map(|sample| NewSample {
            target_id: message.target_id,
            ordinal: message.ordinal,
            metric: sample.metric.clone(),
            reading: sample.reading,
            as_of: sample.as_of,
        }));
    }
    let mut written = 0;
    for (target, (published, messages, samples)) in by_target {
        let readings = samples.iter().map(|sample| (sample.metric.as_str(), sample.reading));
        let totals = rules::totals(messages, readings);
        let age = now.millis_since(published) / 1000;
        let next = rules::next_collection(published, Some(now));
        metrics::insert(tx, claim.workspace, &samples, &answer.source, now).await?;
        let first_day = rules::FIRST_DAY.contains(&age);
        metrics::save(tx, claim.workspace, target, &totals, first_day, next, now).await?;
        if age > rules::DENSE_FOR {
            metrics::thin_out(tx, claim.workspace, target, now.plus_secs(-rules::DENSE_FOR)).await?;
        }
        written += samples.len();
    }
    Ok(written)
}

/// The next try, by what went wrong. The account's state is the publisher's business.
async fn give_up(app: &App, claim: &ClaimedAccount, task: Task, failure: &Failure) -> Result<()> {
    let now = app.now();
    let (mut tx, _) = app.db.tenant(claim.workspace, Entrance::System, now).await?;
    let failures = task.course.failures.saturating_add(1);
    let until = match failure.kind {
        FailureKind::RateLimited { until: Some(until) } => until,
        FailureKind::RateLimited { until: None } => now.plus_secs(LOOK_EVERY),
        FailureKind::NeedsReconnect => now.plus_secs(DISCONNECTED),
        _ => now.plus_secs(BACKOFF << (failures - 1).clamp(0, 6)),
    };
    if !collections::release(&mut tx, claim, until).await? {
        return Ok(());
    }
    tracing::debug!(account = %claim.account, failure = failure.message, "no figures");
    let targets: Vec<TargetId> = task.due.iter().map(|message| message.target_id).collect();
    metrics::postpone(&mut tx, claim.workspace, &targets, until).await?;
    let course = Course { tried_at: now, failures, problem: Some(failure.message.clone()), ..task.course };
    collections::put_course(&mut tx, claim.workspace, &course).await?;
    tx.commit().await
}
