//! How long 10,000 rows of a CSV file take, read, checked and written through the use case that `allin import` calls.

use std::{fmt::Write as _, time::Instant};

use allin::{
    app::{
        ctx::{Actor, Ctx, Origin},
        imports::import::PostsImport,
    },
    error::{Error, Result},
};

use crate::installation::Installation;

const ROWS: usize = 10_000;

/// In seconds.
pub async fn import(installation: &Installation) -> Result<f64> {
    let app = &installation.booted.app;
    let owner = installation.booted.home_owner;
    let own = installation.accounts.iter().filter(|(workspace, _)| *workspace == owner.workspace);
    let accounts: Vec<_> = own.map(|(_, account)| account).collect();
    let mut content = String::from("key,text,accounts,scheduled_at,tags,campaign\n");
    for (number, account) in (0..ROWS).zip(accounts.iter().cycle()) {
        let at = app.now().plus_secs(7 * 24 * 3600 + i64::try_from(number).map_err(Error::internal)? * 60);
        let tag = number % 50;
        _ = writeln!(
            content,
            "row-{number},\"Post {number}, as long as most are\",{account},{at},\"csv, n{tag}\",Bench"
        );
    }
    let ctx = Ctx {
        workspace: owner.workspace,
        actor: Actor::Person { member: owner.member },
        origin: Origin::CommandLine,
        request: app.new_request(),
    };
    let started = Instant::now();
    let input = PostsImport { content, dry_run: false, ..PostsImport::default() };
    let report = app.call_once::<PostsImport>(&ctx, input).await?;
    let seconds = started.elapsed().as_secs_f64();
    match report.scheduled {
        ROWS => Ok(seconds),
        other => Err(Error::internal(format!("{other} of {ROWS} rows became scheduled posts"))),
    }
}
