//! Gives the superuser a new password when its file was lost or belongs to other data: whoever owns the data folder
//! owns the database.

use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;

use super::{
    home::{cannot, replace_file},
    link::{self, Passwords, Role},
    os,
    place::Place,
    server::{self, Settings},
};
use crate::error::{Error, Result};

/// Stops the server, starts it for a moment with rules that trust whoever can reach its socket (the folder lets in
/// only the server's own user and root), sets the password of the superuser's file, and starts it as it was.
pub(super) async fn superuser_password(place: &Place, settings: &Settings<'_>, passwords: &Passwords) -> Result<()> {
    if !os::HAS_SOCKETS {
        return Err(Error::operator(
            "pg_secrets_missing",
            "The database does not accept the password in the home's secrets folder.",
        )
        .next("Put the home's secrets folder back from a backup."));
    }
    tracing::warn!("the database refuses the password in the home's secrets folder; it is renewed");
    let rules = place.root.join("renew.conf");
    replace_file(&rules, format!("local all {} trust\n", Role::Superuser.name()).as_bytes())?;
    os::give(&rules, place.account)?;
    server::stop(place, Some(settings.bindir), false).await?;
    let trusting = Settings { rules: Some(&rules), ..*settings };
    let renewed = match server::launch(place, &trusting).await {
        Ok(()) => set_password(settings, passwords).await,
        Err(error) => Err(error),
    };
    let stopped = server::stop(place, Some(settings.bindir), false).await;
    std::fs::remove_file(&rules).map_err(cannot("remove", &rules))?;
    renewed.and(stopped)?;
    server::launch(place, settings).await
}

async fn set_password(settings: &Settings<'_>, passwords: &Passwords) -> Result<()> {
    let password = passwords.of(Role::Superuser);
    let mut connection = link::connect(settings.endpoint, Role::Superuser, password, "postgres").await?;
    // Hexadecimal digits: nothing to quote.
    let statement = format!("alter role {} password '{}'", Role::Superuser.name(), password.expose_secret());
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    Ok(())
}
