//! `allin notification`.

use clap::{Subcommand, ValueEnum};

use crate::{
    app::{
        ctx::Ctx,
        notifications::{choose::NotificationChoose, list::NotificationList, mark_read::NotificationMarkRead},
    },
    boot::Booted,
    cli::print,
    error::Result,
    ids::NotificationId,
    model::notifications::NotificationKind,
    tools::registry::Spoken as _,
};

#[derive(Subcommand)]
pub enum Notification {
    /// List what you have been told and not read
    List {
        /// Those that were read, too
        #[arg(long)]
        all: bool,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Mark notifications as read; all when none is named
    Read { notifications: Vec<NotificationId> },
    /// Show or choose what you get by mail
    Mail {
        switch: Option<Switch>,
        /// Only this kind, such as post_failed, mention or task
        #[arg(long)]
        kind: Option<NotificationKind>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show or choose what is in the list of notifications
    App {
        switch: Option<Switch>,
        /// Only this kind, such as post_failed, mention or task
        #[arg(long)]
        kind: Option<NotificationKind>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

impl Notification {
    pub async fn run(self, booted: &Booted, ctx: &Ctx) -> Result<()> {
        let app = &booted.app;
        match self {
            Self::List { all, limit, cursor, json } => {
                let input = NotificationList { all: all.then_some(true), limit, cursor };
                let found = app.call_once::<NotificationList>(ctx, input).await?;
                print::either(json, &found, || NotificationList::say(&found))
            }
            Self::Read { notifications } => {
                let notification_ids = (!notifications.is_empty()).then_some(notifications);
                let done =
                    app.call_once::<NotificationMarkRead>(ctx, NotificationMarkRead { notification_ids }).await?;
                print::line(NotificationMarkRead::say(&done));
                Ok(())
            }
            Self::Mail { switch, kind, json } => {
                choose(booted, ctx, NotificationChoose { kind, app: None, mail: switch.map(Switch::is_on) }, json).await
            }
            Self::App { switch, kind, json } => {
                choose(booted, ctx, NotificationChoose { kind, app: switch.map(Switch::is_on), mail: None }, json).await
            }
        }
    }
}

impl Switch {
    fn is_on(self) -> bool {
        self == Self::On
    }
}

async fn choose(booted: &Booted, ctx: &Ctx, input: NotificationChoose, json: bool) -> Result<()> {
    let choices = booted.app.call_once::<NotificationChoose>(ctx, input).await?;
    print::either(json, &choices, || NotificationChoose::say(&choices))
}
