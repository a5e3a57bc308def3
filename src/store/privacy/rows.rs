//! Rows of any table of the catalog as JSON, in the order of their keys. The text of these statements is made of the
//! names in `model/privacy` only; row-level security decides what they see, as everywhere.

use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};

use crate::{
    error::{Error, Result},
    ids::{MemberId, WorkspaceId},
    model::privacy::{Holding, Tie},
};

/// Whose rows.
#[derive(Debug, Clone)]
pub struct About {
    pub member: MemberId,
    pub email: Option<String>,
}

/// A row, and the key after which the next page begins.
pub struct Read {
    pub row: Value,
    pub key: Value,
}

/// The next rows of a table after a key; of a member only, where one is given.
pub async fn page(
    db: &mut PgConnection,
    workspace: WorkspaceId,
    holding: &Holding,
    about: Option<&About>,
    after: Option<&Value>,
    limit: i64,
) -> Result<Vec<Read>> {
    let key = key(db, holding.table).await?;
    let columns = |of: &str| key.iter().map(|column| format!("{of}.{column}")).collect::<Vec<_>>().join(", ");
    let secrets: Vec<String> = holding.secrets.iter().map(|(column, _)| (*column).to_owned()).collect();
    let named: Vec<String> = key.iter().map(|column| format!("'{column}', t.{column}")).collect();
    let mut sql = QueryBuilder::<Postgres>::new("select to_jsonb(t) - ");
    sql.push_bind(secrets);
    sql.push(format!("::text[], jsonb_build_object({}) from {} t", named.join(", "), holding.table));
    if let Some(after) = after {
        sql.push(format!(", jsonb_populate_record(null::{}, ", holding.table)).push_bind(after).push(") k");
    }
    sql.push(" where t.workspace_id = ").push_bind(workspace.uuid());
    if after.is_some() {
        sql.push(format!(" and ({}) > ({})", columns("t"), columns("k")));
    }
    if let Some(about) = about {
        narrow(&mut sql, workspace, holding.ties, about);
    }
    sql.push(format!(" order by {} limit ", columns("t"))).push_bind(limit);
    let rows = sql.build().fetch_all(db).await?;
    rows.iter().map(|row| Ok(Read { row: row.try_get(0)?, key: row.try_get(1)? })).collect()
}

fn narrow(sql: &mut QueryBuilder<Postgres>, workspace: WorkspaceId, ties: &[Tie], about: &About) {
    let actor = about.member.to_string();
    sql.push(" and (false");
    for tie in ties {
        sql.push(" or ");
        match tie {
            Tie::Member(column) => sql.push(format!("t.{column} = ")).push_bind(about.member.uuid()),
            Tie::Members(column) => sql.push_bind(about.member.uuid()).push(format!(" = any (t.{column})")),
            Tie::Actor(column) => sql
                .push(format!("t.{column} = "))
                .push_bind(actor.clone())
                .push(format!(" or starts_with(t.{column}, "))
                .push_bind(format!("{actor}/"))
                .push(")"),
            Tie::Within(column) => {
                sql.push(format!("strpos(t.{column}::text, ")).push_bind(actor.clone()).push(") > 0")
            }
            Tie::Address(column) => {
                sql.push(format!("lower(t.{column}) = lower(")).push_bind(about.email.clone()).push(")")
            }
            Tie::Commitment => sql
                .push(
                    "encode(t.commitment, 'hex') in (select c #>> '{}' from audit_entries e,
                     jsonb_path_query(e.changes, '$.**.commitment') c where e.workspace_id = ",
                )
                .push_bind(workspace.uuid())
                .push(" and (e.actor = ")
                .push_bind(actor.clone())
                .push(" or starts_with(e.actor, ")
                .push_bind(format!("{actor}/"))
                .push(")))"),
        };
    }
    sql.push(")");
}

/// The columns of a table's primary key, in order.
async fn key(db: &mut PgConnection, table: &str) -> Result<Vec<String>> {
    let found = sqlx::query_scalar!(
        r#"select a.attname::text as "name!" from pg_class c
           join pg_index x on x.indrelid = c.oid and x.indisprimary
           cross join unnest(x.indkey::smallint[]) with ordinality k (number, place)
           join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
           where c.relnamespace = 'public'::regnamespace and c.relname::text = $1 order by k.place"#,
        table
    )
    .fetch_all(db)
    .await?;
    if found.is_empty() {
        return Err(Error::internal(format!("{table} has no key to read it by")));
    }
    Ok(found)
}

/// What the installation knows of a member's person; nothing of who has left.
pub async fn person(db: &mut PgConnection, workspace: WorkspaceId, member: MemberId) -> Result<Option<Value>> {
    Ok(sqlx::query_scalar!("select person_record($1, $2)", workspace.uuid(), member.uuid()).fetch_one(db).await?)
}
