//! Moves a home's data to a newer PostgreSQL: dumped from the old one, loaded into the new one, put in place by a rename.
//! The old data stays beside it, untouched.

use std::{fs::File, path::PathBuf};

use tokio_util::sync::CancellationToken;

use super::{blocking, stamp, tools::Tools};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    platform::{self, Alone, Cluster, Home, Role, Staged, StartOptions},
    store::{self, db, installation},
};

/// What was done.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Upgraded {
    pub from: String,
    pub to: String,
    /// A home folder with the old data.
    pub kept: PathBuf,
}

/// `None`: it is the newest already. `old` and `new` name the programs to use, where they are not the packaged ones.
/// Errors: `home_empty`, `pg_in_use`, `upgrade_not_newer`, `interrupted`, and those of dumping, loading and starting.
pub async fn upgrade(
    home: &Home,
    old: &StartOptions,
    new: &StartOptions,
    now: Timestamp,
    stop: &CancellationToken,
) -> Result<Option<Upgraded>> {
    let alone = platform::alone(home).await?;
    let Some(major) = alone.data_major()? else {
        return Err(Error::conflict("home_empty", "There is no database in this home yet.")
            .next("`allin setup` makes one, of the newest version."));
    };
    if new.bindir.is_none() && major >= 18 {
        return Ok(None);
    }
    let staged = alone.stage(new).await?;
    let moved = move_over(alone, &staged, major, old).await;
    match moved.and_then(|moved| super::go_on(stop).map(|()| moved)) {
        Ok((alone, from)) => finish(&alone, staged, from, home, now).await.map(Some),
        Err(error) => {
            _ = staged.discard().await;
            Err(error)
        }
    }
}

async fn move_over(alone: Alone, staged: &Staged, major: u32, old: &StartOptions) -> Result<(Alone, String)> {
    let target = staged.cluster();
    if target.version().split('.').next().and_then(|number| number.parse::<u32>().ok()) <= Some(major) {
        return Err(Error::conflict(
            "upgrade_not_newer",
            format!("The data is of PostgreSQL {major}, and {} is not newer.", target.version()),
        )
        .next("Unset ALLIN_PG_BINDIR, or let it name a newer PostgreSQL; --from-bindir names the old one."));
    }
    let source = alone.open(old).await?;
    let from = source.version().to_owned();
    let loaded = load(&source, target, staged.scratch().join("database.dump")).await;
    let alone = Alone::close(source).await?;
    loaded.map(|()| (alone, from))
}

async fn load(source: &Cluster, target: &Cluster, file: PathBuf) -> Result<()> {
    // The newer programs read the older server, not the other way round.
    let (from, to) = (Tools::of_cluster(source).with_programs_of(target), Tools::of_cluster(target));
    blocking(move || {
        let unwritable = |error: std::io::Error| {
            Error::operator("home_not_writable", format!("The dump cannot be kept: {error}."))
                .next("Free some space, then try again.")
                .because(error)
        };
        from.dump(&mut File::create_new(&file).map_err(unwritable)?)?;
        to.restore(&mut File::open(&file).map_err(unwritable)?)
    })
    .await?;
    let mut before = db::connect_owner(&source.connect_options(Role::Superuser)).await?;
    let known = installation::get(&mut before, "cluster").await?;
    let same = known == Some(installation::cluster_identity(&mut before).await?.into());
    db::close_owner(before).await;
    let mut after = db::connect_owner(&target.connect_options(Role::Superuser)).await?;
    if same {
        // The same installation goes on: nothing could be published meanwhile.
        let identity = installation::cluster_identity(&mut after).await?.into();
        store::restore::set_identity(&mut after, &identity).await?;
    }
    store::restore::analyze(&mut after).await?;
    db::close_owner(after).await;
    Ok(())
}

async fn finish(alone: &Alone, staged: Staged, from: String, home: &Home, now: Timestamp) -> Result<Upgraded> {
    let to = staged.cluster().version().to_owned();
    let aside = match keep(alone, home, &format!("before-upgrade-{}", stamp(now))) {
        Ok(aside) => aside,
        Err(error) => {
            _ = staged.discard().await;
            return Err(error);
        }
    };
    alone.put_in_place(staged, Some(&aside)).await?;
    Ok(Upgraded { from, to, kept: aside.root().to_owned() })
}

/// The old data is a whole home of its own, should it be needed.
fn keep(alone: &Alone, home: &Home, name: &str) -> Result<Home> {
    let aside = alone.aside(name)?;
    for name in [super::keys::MASTER, super::keys::AUDIT] {
        if let Some(secret) = home.secret(name)? {
            aside.keep_secret(name, &secret)?;
        }
    }
    _ = std::fs::copy(home.root().join("home.json"), aside.root().join("home.json"));
    Ok(aside)
}
