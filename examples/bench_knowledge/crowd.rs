//! A thousand questions at once: few different ones, and all different, with somebody who asks how the program is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use allin::{
    app::{App, ctx::Ctx, knowledge::search::KnowledgeSearch},
    boot::Booted,
    error::{Error, Result},
};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{corpus, percentile, rounded};

const QUESTIONS: usize = 1000;

pub async fn measure(booted: &Booted, ctx: &Ctx, out: &mut Map<String, Value>) -> Result<()> {
    let few = corpus::questions(50, "few");
    let drawn: Vec<String> = few.iter().cycle().take(QUESTIONS).cloned().collect();
    let (mut times, _) = at_once(&booted.app, ctx, drawn).await?;
    out.insert("concurrent_1000_p50_ms".into(), json!(percentile(&mut times, 50)));
    out.insert("concurrent_1000_max_ms".into(), json!(percentile(&mut times, 100)));
    let (mut times, health) = at_once(&booted.app, ctx, corpus::questions(QUESTIONS, "all")).await?;
    out.insert("concurrent_1000_distinct_p50_ms".into(), json!(percentile(&mut times, 50)));
    out.insert("concurrent_1000_distinct_max_ms".into(), json!(percentile(&mut times, 100)));
    out.insert("health_beside_max_ms".into(), json!(rounded(health.as_secs_f64() * 1000.0)));
    Ok(())
}

/// How long each took, none of them refused, and the longest that a health call took meanwhile.
async fn at_once(app: &Arc<App>, ctx: &Ctx, questions: Vec<String>) -> Result<(Vec<Duration>, Duration)> {
    let mut asking = JoinSet::new();
    for query in questions {
        let (app, ctx) = (Arc::clone(app), ctx.clone());
        asking.spawn(async move {
            let input =
                KnowledgeSearch { query, k: None, category: None, language: None, min_score: None, user_role: None };
            let began = Instant::now();
            app.call_once::<KnowledgeSearch>(&ctx, input).await.map(|_| began.elapsed())
        });
    }
    let stop = CancellationToken::new();
    let looking = tokio::spawn(longest_look(Arc::clone(app), stop.clone()));
    let mut times = Vec::new();
    while let Some(asked) = asking.join_next().await {
        times.push(asked.map_err(Error::internal)??);
    }
    stop.cancel();
    Ok((times, looking.await.map_err(Error::internal)??))
}

/// What /healthz begins with, whether the database answers, until told to stop.
async fn longest_look(app: Arc<App>, stop: CancellationToken) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    while !stop.is_cancelled() {
        let began = Instant::now();
        app.db.ping().await?;
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(longest)
}
