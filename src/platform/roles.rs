//! What is inside the cluster before any migration: roles, the database, the extension, and who may enter. The only
//! SQL outside `store`: it runs as the superuser on a cluster that has no schema yet.

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, PgConnection};

use super::link::{Endpoint, Passwords, Role, connect};
use crate::error::{Error, Result};

/// The database of the installation.
pub(super) const DATABASE: &str = "allin";

/// Name and version of the cluster.
pub(super) struct Identity {
    pub(super) version: String,
    pub(super) system_identifier: String,
}

/// Whether the cluster is set up and our passwords are the right ones.
pub(super) async fn check(endpoint: &Endpoint, passwords: &Passwords) -> Result<Option<Identity>> {
    let mut connection = connect(endpoint, Role::Owner, passwords.of(Role::Owner), DATABASE).await?;
    for role in [Role::App, Role::Decider, Role::Superuser] {
        connect(endpoint, role, passwords.of(role), DATABASE).await?;
    }
    let row: Option<(String, String)> = sqlx::query_as(
        "select current_setting('server_version'), system_identifier::text from pg_control_system() \
         where exists (select from pg_extension where extname = 'vector')",
    )
    .fetch_optional(&mut connection)
    .await?;
    Ok(row.map(|(version, system_identifier)| Identity { version, system_identifier }))
}

/// Makes what is missing and renews the passwords. Can run twice, and after being killed half way.
pub(super) async fn prepare(endpoint: &Endpoint, passwords: &Passwords) -> Result<()> {
    let superuser = passwords.of(Role::Superuser);
    let mut connection = connect(endpoint, Role::Superuser, superuser, "postgres").await?;
    // Slow hashing protects guessable passwords; ours have 256 random bits, and every connection would pay for it.
    execute(&mut connection, "set scram_iterations = 16".into()).await?;
    let renewed = format!("alter role {} password '{}'", Role::Superuser.name(), superuser.expose_secret());
    execute(&mut connection, renewed).await?;
    for role in [Role::Owner, Role::App, Role::Decider] {
        let known: bool = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
            .bind(role.name())
            .fetch_one(&mut connection)
            .await?;
        let verb = if known { "alter" } else { "create" };
        let rights = if role == Role::Owner { "createdb" } else { "nocreatedb" };
        // The password is made of hexadecimal digits.
        let statement = format!(
            "{verb} role {} with login nosuperuser nobypassrls nocreaterole noreplication {rights} password '{}'",
            role.name(),
            passwords.of(role).expose_secret()
        );
        execute(&mut connection, statement).await?;
    }
    execute(&mut connection, format!("grant {} to {}", Role::App.name(), Role::Decider.name())).await?;
    let known: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut connection)
        .await?;
    if !known {
        execute(&mut connection, create_statement(DATABASE, "template1")).await?;
    }
    furnish(endpoint, passwords, &mut connection, DATABASE).await
}

/// A new empty database with the extension, or a copy of `template`, which nobody may be connected to.
pub(super) async fn create_database(
    endpoint: &Endpoint,
    passwords: &Passwords,
    name: &str,
    template: Option<&str>,
) -> Result<()> {
    check_name(name)?;
    template.map_or(Ok(()), check_name)?;
    let mut connection = connect(endpoint, Role::Superuser, passwords.of(Role::Superuser), "postgres").await?;
    execute(&mut connection, create_statement(name, template.unwrap_or("template1"))).await?;
    furnish(endpoint, passwords, &mut connection, name).await
}

/// Ends the sessions in it, too. A database that does not exist is no error.
pub(super) async fn drop_database(endpoint: &Endpoint, passwords: &Passwords, name: &str) -> Result<()> {
    check_name(name)?;
    let mut connection = connect(endpoint, Role::Superuser, passwords.of(Role::Superuser), "postgres").await?;
    execute(&mut connection, format!("drop database if exists \"{name}\" with (force)")).await
}

/// The number of sessions besides this one.
pub(super) async fn sessions(endpoint: &Endpoint, passwords: &Passwords) -> Result<i64> {
    let mut connection = connect(endpoint, Role::Superuser, passwords.of(Role::Superuser), "postgres").await?;
    let count =
        "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    Ok(sqlx::query_scalar(count).fetch_one(&mut connection).await?)
}

fn create_statement(name: &str, template: &str) -> String {
    format!("create database \"{name}\" owner {} template \"{template}\"", Role::Owner.name())
}

async fn furnish(endpoint: &Endpoint, passwords: &Passwords, connection: &mut PgConnection, name: &str) -> Result<()> {
    let app = Role::App.name();
    execute(
        connection,
        format!("revoke all on database \"{name}\" from public; grant connect on database \"{name}\" to {app}"),
    )
    .await?;
    let mut inside = connect(endpoint, Role::Superuser, passwords.of(Role::Superuser), name).await?;
    execute(&mut inside, "set client_min_messages = warning; create extension if not exists vector".into()).await
}

async fn execute(connection: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(drop).map_err(|error| match &error {
        sqlx::Error::Database(database) if database.code().as_deref() == Some("42P04") => {
            Error::conflict("pg_database_exists", "A database of that name exists.")
                .next("Use another name or drop it first.")
        }
        // Somebody else is making the same thing: a session whose client was killed finishes its statement.
        sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("23505" | "42710" | "XX000")) => {
            Error::unavailable("pg_setup_raced", format!("PostgreSQL is being set up: {}", database.message()))
        }
        sqlx::Error::Database(database) => {
            // The server's words, without the statement: it can hold a password.
            Error::operator("pg_setup_failed", format!("PostgreSQL cannot be set up: {}", database.message()))
                .next("The server's log in the home's cluster/log folder says more. `allin doctor` checks the cluster.")
        }
        _ => error.into(),
    })
}

/// Names come from our own code and tests; nothing that would need quoting is let through.
fn check_name(name: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts && name.len() <= 63 && name.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::invalid(
        "pg_database_name",
        "A database name has 1 to 63 characters: a to z, digits and _, a letter first.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quoting_are_refused() {
        assert!(check_name("it_posts_1").is_ok());
        for name in ["", "1a", "A", "a\"b", "a b", "_a", &"a".repeat(64)] {
            assert_eq!(check_name(name).unwrap_err().code(), "pg_database_name", "{name}");
        }
    }
}
