//! Facts about the database server and the role that asks, for `allin db` and the doctor. Needs no schema.

use sqlx::PgConnection;

use crate::{clock::Timestamp, error::Result};

/// The server and its database.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Such as `18.4`.
    pub version: String,
    /// Such as `180004`.
    pub version_number: i32,
    pub database: String,
    pub database_bytes: i64,
    /// Version of pgvector in this database.
    pub vector: Option<String>,
    /// Version of pgvector that could be made here.
    pub vector_available: Option<String>,
    pub now: Timestamp,
}

pub async fn facts(db: &mut PgConnection) -> Result<Facts> {
    Ok(sqlx::query_as!(
        Facts,
        r#"select split_part(current_setting('server_version'), ' ', 1) as "version!",
                  current_setting('server_version_num')::int as "version_number!",
                  current_database()::text as "database!", pg_database_size(current_database()) as "database_bytes!",
                  (select extversion from pg_extension where extname = 'vector') as vector,
                  (select default_version from pg_available_extensions where name = 'vector') as vector_available,
                  clock_timestamp() as "now!""#
    )
    .fetch_one(db)
    .await?)
}

/// What the role that asks may do.
#[derive(Debug, Clone)]
pub struct RoleFacts {
    pub name: String,
    /// Row-level security does not bind it.
    pub powerful: bool,
    /// It owns tables.
    pub owner: bool,
    /// The role `allin_app` exists.
    pub app_exists: bool,
    /// The role `allin_decider` exists, with all that `allin_app` may do.
    pub decider_exists: bool,
    /// It may make tables in `public`.
    pub may_create: bool,
}

pub async fn role(db: &mut PgConnection) -> Result<RoleFacts> {
    Ok(sqlx::query_as!(
        RoleFacts,
        r#"select rolname::text as "name!", (rolsuper or rolbypassrls) as "powerful!",
                  exists (select from pg_class where relowner = pg_roles.oid) as "owner!",
                  exists (select from pg_roles where rolname = 'allin_app') as "app_exists!",
                  exists (select from pg_auth_members m where m.member = to_regrole('allin_decider') and m.roleid = to_regrole('allin_app')) as "decider_exists!",
                  coalesce(has_schema_privilege(to_regnamespace('public'), 'create'), false) as "may_create!"
           from pg_roles where rolname = current_user"#
    )
    .fetch_one(db)
    .await?)
}

/// What a superuser of the operator's own server runs once, before the first migration.
pub fn preparation(database: &str) -> String {
    format!(
        "create role allin_owner login password '…';\n\
         create role allin_app login password '…' nosuperuser nobypassrls;\n\
         create role allin_decider login password '…' nosuperuser nobypassrls in role allin_app;\n\
         create database {database} owner allin_owner;\n\
         \\c {database}\n\
         create extension if not exists vector;\n\
         grant create, usage on schema public to allin_owner;\n\
         grant usage on schema public to allin_app;"
    )
}
