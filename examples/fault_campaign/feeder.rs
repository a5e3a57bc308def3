//! Whoever uses the product meanwhile: schedules posts that are due in a moment, and takes some of them back. Knows what
//! was promised to it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use allin::{
    app::{
        App,
        ctx::{Actor, Ctx, Origin},
        posts::{cancel::PostCancel, create::PostCreate, schedule::PostSchedule},
        workspaces::create::Owned,
    },
    boot::Booted,
    clock::{Clock as _, SystemClock, Timestamp},
    ids::PostId,
};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    Result,
    harm::Dice,
    installation::{Installation, text_at},
};

const ACCOUNTS: usize = 32;

pub struct Feeder {
    app: Arc<App>,
    owner: Owned,
    accounts: Vec<String>,
    number: u32,
    /// Posts whose scheduling was confirmed, with their texts.
    pub promised: HashMap<PostId, Vec<String>>,
    /// Whose taking back was confirmed.
    pub taken_back: Vec<PostId>,
    to_take_back: Vec<(Timestamp, PostId)>,
}

impl Feeder {
    pub async fn new(booted: &Booted, installation: &Installation, seed: u64) -> Result<Self> {
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS {
            let handle = format!("campaign-{seed}-{number}");
            let connected = installation.run(&["account", "connect", "sandbox", &handle], "a password\n").await?;
            accounts.push(text_at(&connected, "/account/id")?);
        }
        let (promised, taken_back, to_take_back) = (HashMap::new(), Vec::new(), Vec::new());
        let (app, owner) = (Arc::clone(&booted.app), booted.home_owner);
        Ok(Self { app, owner, accounts, number: 0, promised, taken_back, to_take_back })
    }

    fn ctx(&self) -> Ctx {
        Ctx {
            workspace: self.owner.workspace,
            actor: Actor::Person { member: self.owner.member },
            origin: Origin::CommandLine,
            request: self.app.new_request(),
        }
    }

    /// Schedules one post, or a short thread. A database that is away is waited for, as a person would.
    pub async fn feed(&mut self, dice: &mut Dice) -> Result<()> {
        self.number += 1;
        let messages = if dice.below(10) == 0 { 3 } else { 1 };
        let texts: Vec<_> = (1..=messages).map(|part| format!("Post {} part {part}", self.number)).collect();
        let segments: Vec<_> = texts.iter().map(|text| json!({ "text": text })).collect();
        let place = usize::try_from(dice.below(ACCOUNTS as u64))?;
        let account = self.accounts.get(place).ok_or("no account")?;
        let create: PostCreate = serde_json::from_value(json!({ "segments": segments, "account_ids": [account] }))?;
        let ahead = i64::try_from(300 + dice.below(1500))?;
        let take_back = dice.below(20) == 0;
        let sooner = i64::try_from(dice.below(500))?;
        for _ in 0..200 {
            // The same draft again is the same draft, so that this may be repeated.
            let made = match self.app.call_once::<PostCreate>(&self.ctx(), create.clone()).await {
                Ok(made) => made,
                Err(_) => {
                    sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            let due = SystemClock.now().plus_millis(ahead);
            let schedule: PostSchedule =
                serde_json::from_value(json!({ "post_id": made.post.id, "at": due.to_string() }))?;
            match self.app.call_once::<PostSchedule>(&self.ctx(), schedule).await {
                Ok(_) => {
                    self.promised.insert(made.post.id, texts);
                    if take_back {
                        self.to_take_back.push((due.plus_millis(100 - sooner), made.post.id));
                    }
                    return Ok(());
                }
                Err(_) => sleep(Duration::from_millis(200)).await,
            }
        }
        Err("nothing can be scheduled any more".into())
    }

    /// Takes back what is to be taken back by now. A refusal is an answer: it is on its way.
    pub async fn take_back(&mut self) -> Result<()> {
        let now = SystemClock.now();
        let (due, later) = self.to_take_back.drain(..).partition(|(at, _)| *at <= now);
        self.to_take_back = later;
        let due: Vec<(Timestamp, PostId)> = due;
        for (_, post) in due {
            let cancel: PostCancel = serde_json::from_value(json!({ "post_id": post }))?;
            if self.app.call_once::<PostCancel>(&self.ctx(), cancel).await.is_ok() {
                self.taken_back.push(post);
            }
        }
        Ok(())
    }
}
