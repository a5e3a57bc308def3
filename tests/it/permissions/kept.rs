//! A filled database, put back after each call that changed it, so that every call of the matrix finds the same.

use sqlx::{AssertSqlSafe, PgConnection};

/// Not put back: the log goes on.
const LOG: [&str; 2] = ["audit_entries", "audit_heads"];

pub struct Kept {
    superuser: PgConnection,
    put_back: String,
}

impl Kept {
    /// Remembers every table as it is.
    pub async fn new(mut superuser: PgConnection) -> Self {
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
             and c.relname not like '\\_sqlx%' order by 1",
        )
        .fetch_all(&mut superuser)
        .await
        .unwrap();
        let mut keep = String::from("create schema kept;");
        let mut put_back = String::from("begin; set local session_replication_role = replica;");
        for table in tables.iter().filter(|table| !LOG.contains(&table.as_str())) {
            keep.push_str(&format!("create table kept.{table} as table public.{table};"));
            put_back.push_str(&format!(
                "delete from public.{table}; insert into public.{table} select * from kept.{table};"
            ));
        }
        put_back.push_str("commit;");
        sqlx::raw_sql(AssertSqlSafe(keep)).execute(&mut superuser).await.unwrap();
        Self { superuser, put_back }
    }

    pub async fn put_back(&mut self) {
        sqlx::raw_sql(AssertSqlSafe(self.put_back.clone())).execute(&mut self.superuser).await.unwrap();
    }

    pub fn superuser(&mut self) -> &mut PgConnection {
        &mut self.superuser
    }
}
