//! The database as it stands after all migrations: keys begin with the workspace, row-level security holds for
//! everybody, and the application's role owns nothing. Called with a connection of the owner or the superuser.

use sqlx::PgConnection;

/// Outside row-level security: found before a workspace is known. Ids, times, hashes, and names and mail addresses of
/// people; no content.
const NARROW: &[(&str, &str)] = &[
    ("dispatch", "what is due, for all tenants"),
    ("metric_dispatch", "which account's figures are due, for all tenants"),
    ("token_hashes", "a bearer key leads to its workspace"),
    ("persons", "a human being is in any number of workspaces"),
    ("person_keys", "public halves of keys that passphrases give; a person is in any number of workspaces"),
    ("person_tries", "wrong passphrases in a row"),
    ("person_workspaces", "which workspaces a person is in"),
    ("protocol_sessions", "a session is found by its hash"),
    ("workers", "processes, no tenant's"),
    ("series_due", "series whose next posts are to be made"),
    ("lanes", "where an account is, and whether it waits, for the queue of all tenants"),
    ("servers", "servers that fail, no tenant's"),
    ("mail_queue", "which notifications and letters wait to be mailed, for all tenants"),
    ("knowledge_due", "workspaces with documents to read, for all tenants"),
];

/// Narrow tables without a policy of their own, although rows belong to workspaces: functions look at the caller.
const OPEN: &[(&str, &str)] = &[
    (
        "lanes",
        "whether a server fails for several tenants is asked inside one's transaction; nothing of it is returned",
    ),
    ("person_workspaces", "setting an address asks whether the person is elsewhere, inside one's transaction"),
];

/// Tables without tenant data that the application reads itself, with what it may do.
const PLAIN: &[(&str, &str, &str)] = &[
    ("installation", "insert select update", "a few facts about the whole installation"),
    ("product_vectors", "insert select", "numbers of the product's own documents, the same for all tenants"),
    ("_sqlx_migrations", "select", "the version, to refuse a newer schema"),
];

/// Keys that lead out of the tenant, and why.
const OUTWARD: &[(&str, &str, &str)] =
    &[("members", "persons", "a person is in several workspaces, so the key cannot begin with one")];

/// What the application may do with a tenant's table, where it is not everything.
const HISTORY: &[(&str, &str, &str)] = &[
    ("audit_entries", "insert select", "written once; the sealer may fill in position and hash"),
    ("post_versions", "insert select", "written once"),
    ("attempts", "insert select update", "the ledger of what was sent"),
    ("workspaces", "insert select update", "history refers to it"),
    ("members", "insert select update", "history refers to it"),
    ("api_keys", "insert select update", "history refers to it"),
    ("edits", "delete insert select", "an edit is wanted, then done or refused"),
    ("pauses", "delete insert select", "a pause begins and ends; it never becomes another"),
    ("campaigns", "insert select update", "posts refer to it"),
    ("series", "insert select update", "its posts refer to it"),
    ("post_comments", "insert select update", "a deleted comment keeps its place"),
    ("tasks", "insert select update", "what was done stays known"),
    ("incidents", "insert select update", "a crisis begins and ends, and stays known"),
    ("incident_attempts", "insert select", "what was under way stays known"),
    ("incident_notes", "insert select", "written once"),
    ("series_occurrences", "insert select", "each is decided on once"),
    ("recyclings", "insert select", "what was recycled stays known, or it would be again"),
    ("import_rows", "insert select update", "what was imported once stays known"),
    ("approval_policies", "select", "what a proven person decides"),
    ("approval_steps", "select", "what a proven person decides"),
    ("approval_freezes", "insert select", "begun by anybody, ended by a proven person"),
    ("approval_decisions", "select", "what a proven person decides"),
    ("approval_delegations", "select", "what a proven person decides"),
    ("reviewers", "select", "what a proven person decides"),
    ("approval_requests", "insert select update", "decisions refer to it"),
    ("approval_turns", "insert select update", "belongs to a request"),
    ("review_links", "insert select update", "what was used stays known"),
    ("assets", "insert select", "an id stands for its bytes; the description may change"),
    ("asset_chunks", "insert select", "an id stands for its bytes"),
    ("workspace_plans", "insert select update", "set once and again, never gone"),
    ("credit_packs", "insert select update", "a pack ends; that it was there stays known"),
    ("credit_months", "insert select update", "what a month has cost stays known"),
    ("audit_heads", "insert select update", "a chain without a head is broken"),
    ("audit_openings", "delete insert select", "erased or kept, never changed"),
    ("receipts", "insert select", "written once"),
    ("consents", "insert select", "written once; a withdrawal is another row"),
    ("tickets", "insert select update", "what was asked stays known"),
    ("ticket_messages", "insert select update", "what was answered stays known; words go"),
    ("retention_rules", "insert select update", "set once and again, never gone"),
    ("retention_runs", "insert select", "what was removed stays known"),
];

/// Inside a tenant's transaction its own rows, outside of any all of them.
const OWN_OR_NONE: &str = "*|true|{0}|((( SELECT NULLIF(current_setting('allin.workspace_id'::text, true), ''::text) AS \"nullif\") IS NULL) OR (workspace_id = ( SELECT (NULLIF(current_setting('allin.workspace_id'::text, true), ''::text))::uuid AS \"nullif\")))|same";

const EVERYTHING: &str = "delete insert select update";

/// Functions that run with the owner's rights: the only way to the narrow tables. A new one is looked at closely: it
/// returns ids and times, or what its caller wrote there itself.
const DEFINERS: &[&str] = &[
    "account_connected",
    "account_lane",
    "dispatch_claim",
    "dispatch_drop",
    "dispatch_drop_all",
    "dispatch_health",
    "dispatch_lanes",
    "dispatch_next",
    "dispatch_notice",
    "dispatch_put",
    "dispatch_release",
    "dispatch_renew",
    "metric_claim",
    "metric_release",
    "dispatch_renew_all",
    "dispatch_take",
    "knowledge_due_done",
    "knowledge_due_put",
    "knowledge_due_renew",
    "knowledge_due_take",
    "letter_put",
    "mail_claim",
    "mail_drop",
    "mail_expire",
    "mail_health",
    "mail_later",
    "mail_put",
    "person_add",
    "person_email",
    "person_erase",
    "person_email_prove",
    "person_find",
    "person_invited",
    "person_invited_tried",
    "person_join",
    "person_key",
    "person_key_is",
    "person_key_public",
    "person_key_set",
    "person_leave",
    "person_record",
    "person_set_email",
    "person_standing",
    "person_tried",
    "person_words_erase",
    "person_workspaces_of",
    "posts_forget",
    "reviewer_erase",
    "series_due_drop",
    "series_due_put",
    "series_due_take",
    "server_failed",
    "server_limited",
    "server_try",
    "server_untried",
    "server_worked",
    "servers_all",
    "session_drop",
    "session_get",
    "session_put",
    "sessions_drop_of",
    "token_add",
    "token_drop",
    "token_find",
    "worker_gone",
    "worker_seen",
    "workers_alive",
    "workspace_erase",
    "workspaces_all",
];

/// What the role of proven persons may execute and the application may not.
const DECIDERS: &[&str] = &[
    // Whoever could set a key could decide as that person.
    "person_key_set",
    // Erasing takes a person who has proved to be one. Of decisions only comments can go, of freezes only reasons.
    "person_erase",
    "person_words_erase",
    "reviewer_erase",
    "workspace_erase",
];

/// What the role of proven persons may do with tables beyond what the application may.
const DECISIONS: &[&str] = &[
    "approval_decisions insert",
    "approval_delegations insert",
    "approval_freezes update (ended_at)",
    "approval_freezes update (ended_by)",
    "approval_policies insert",
    "approval_policies update (ended_at)",
    "approval_policies update (ended_by)",
    "approval_steps insert",
    "reviewers insert",
    "reviewers update (removed_at)",
];

pub async fn check(conn: &mut PgConnection) {
    let mut problems = Vec::new();
    problems.extend(unplaced_tables(conn).await);
    problems.extend(keys(conn).await);
    problems.extend(policies(conn).await);
    problems.extend(powers(conn).await);
    problems.extend(rights(conn).await);
    problems.extend(functions(conn).await);
    problems.extend(decisions(conn).await);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

async fn strings(conn: &mut PgConnection, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(conn).await.expect(sql)
}

fn narrow(table: &str) -> bool {
    NARROW.iter().any(|(name, _)| *name == table)
}

fn outside(table: &str) -> bool {
    narrow(table) || PLAIN.iter().any(|(name, ..)| *name == table)
}

/// Tables of our own: not those of an extension.
async fn tables(conn: &mut PgConnection) -> Vec<String> {
    strings(conn, "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1").await
}

async fn unplaced_tables(conn: &mut PgConnection) -> Vec<String> {
    let all = tables(conn).await;
    assert!(all.len() > 20, "no schema here: {all:?}");
    let with_workspace = strings(conn, "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'workspace_id' and a.attnotnull").await;
    let mut problems: Vec<_> = all
        .iter()
        .filter(|table| !outside(table) && !with_workspace.contains(table))
        .map(|table| format!("{table} has no workspace_id and is not among the tables outside row-level security"))
        .collect();
    let listed = NARROW.iter().map(|(name, _)| *name).chain(HISTORY.iter().map(|(name, ..)| *name));
    problems.extend(
        listed
            .filter(|name| !all.iter().any(|table| table == name))
            .map(|name| format!("{name} is listed and does not exist")),
    );
    let views = strings(conn, "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
        and not coalesce(c.reloptions @> array['security_invoker=true'], false)").await;
    problems.extend(views.into_iter().map(|view| format!("the view {view} reads with its owner's rights")));
    problems
}

/// Primary keys, unique indexes and foreign keys begin with workspace_id.
async fn keys(conn: &mut PgConnection) -> Vec<String> {
    let mut problems = Vec::new();
    let unique: Vec<(String, String, String)> = sqlx::query_as(
        "select t.relname::text, i.relname::text, coalesce(a.attname::text, '(expression)')
         from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
         left join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]
         where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and x.indisunique",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("indexes");
    let tenant = unique.iter().filter(|(table, ..)| !outside(table));
    problems.extend(
        tenant
            .clone()
            .filter(|(.., first)| first != "workspace_id")
            .map(|(table, index, first)| format!("{table}: the unique index {index} begins with {first}")),
    );
    let keyed = strings(
        conn,
        "select c.relname::text from pg_class c join pg_index x on x.indrelid = c.oid and x.indisprimary
        where c.relnamespace = 'public'::regnamespace",
    )
    .await;
    problems.extend(
        tables(conn)
            .await
            .into_iter()
            .filter(|table| !keyed.contains(table))
            .map(|table| format!("{table} has no primary key")),
    );
    let foreign: Vec<(String, String, String, String, String)> = sqlx::query_as(
        "select f.relname::text, k.conname::text, o.relname::text, a.attname::text, b.attname::text
         from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_class o on o.oid = k.confrelid
         join pg_attribute a on a.attrelid = f.oid and a.attnum = k.conkey[1]
         join pg_attribute b on b.attrelid = o.oid and b.attnum = k.confkey[1]
         where k.contype = 'f' and f.relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("foreign keys");
    for (from, name, to, first, other) in foreign.iter().filter(|(from, ..)| !outside(from)) {
        let outward = OUTWARD.iter().any(|(table, target, _)| table == from && target == to);
        if !outward && (first != "workspace_id" || other != "workspace_id") {
            problems.push(format!("{from}: the foreign key {name} leads from {first} to {to}.{other}"));
        }
    }
    for (table, target, _) in OUTWARD {
        if !foreign.iter().any(|(from, _, to, ..)| from == table && to == target) {
            problems.push(format!("{table} is listed for a key to {target} that it does not have"));
        }
    }
    problems
}

/// Row-level security is on and forced, by one policy for every command.
async fn policies(conn: &mut PgConnection) -> Vec<String> {
    let rows: Vec<(String, bool, bool, i64, String)> = sqlx::query_as(
        "select c.relname::text, c.relrowsecurity, c.relforcerowsecurity, count(p.polname),
                coalesce(string_agg(concat_ws('|', p.polcmd::text, p.polpermissive::text, p.polroles::text,
                    pg_get_expr(p.polqual, p.polrelid), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'same')), ';'), '')
         from pg_class c left join pg_policy p on p.polrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
         group by 1, 2, 3 order by 1",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("policies");
    let expected =
        "*|true|{0}|(workspace_id = (NULLIF(current_setting('allin.workspace_id'::text, true), ''::text))::uuid)|same";
    let mut problems = Vec::new();
    for (table, enabled, forced, count, policy) in rows.iter().filter(|(table, ..)| !outside(table)) {
        if !enabled || !forced {
            problems.push(format!("{table}: row-level security enabled {enabled}, forced {forced}"));
        }
        if *count != 1 || policy != expected {
            problems.push(format!("{table}: its policy is `{policy}`"));
        }
    }
    let with_workspace = strings(
        conn,
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'workspace_id'",
    )
    .await;
    let narrow_rows = rows.iter().filter(|(table, ..)| narrow(table) && with_workspace.contains(table));
    for (table, enabled, forced, count, policy) in narrow_rows {
        let flat = policy.split_whitespace().collect::<Vec<_>>().join(" ");
        let guarded = *enabled && *forced && *count == 1 && flat == OWN_OR_NONE;
        if guarded == OPEN.iter().any(|(name, _)| name == table) {
            problems.push(format!(
                "{table} is open inside other tenants' transactions: {}; its policy is `{flat}`",
                !guarded
            ));
        }
    }
    problems
}

/// The application's role owns nothing and inherits nothing.
async fn powers(conn: &mut PgConnection) -> Vec<String> {
    let mut problems = strings(
        conn,
        "select 'allin_app owns ' || pg_describe_object(s.classid, s.objid, s.objsubid) from pg_shdepend s
        where s.refclassid = 'pg_authid'::regclass and s.refobjid = 'allin_app'::regrole and s.deptype = 'o'
          and s.dbid in (0, (select oid from pg_database where datname = current_database()))",
    )
    .await;
    problems.extend(strings(conn, "select 'allin_app is a member of ' || roleid::regrole::text from pg_auth_members where member = 'allin_app'::regrole").await);
    problems.extend(
        strings(
            conn,
            "select 'allin_app is superuser, bypasses policies, or makes roles or databases' from pg_roles
        where rolname = 'allin_app' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)",
        )
        .await,
    );
    problems.extend(strings(conn, "select 'allin_app may create in the schema public' where has_schema_privilege('allin_app', 'public', 'create')").await);
    problems.extend(
        strings(
            conn,
            "select 'allin_app may use the sequence ' || c.relname from pg_class c
        where c.relnamespace = 'public'::regnamespace
          and case when c.relkind = 'S' then has_sequence_privilege('allin_app', c.oid, 'usage, select, update') end",
        )
        .await,
    );
    problems
}

/// Exactly the rights of the tables above.
async fn rights(conn: &mut PgConnection) -> Vec<String> {
    let rows: Vec<(String, String, bool)> = sqlx::query_as(
        "select c.relname::text,
                coalesce((select string_agg(r, ' ' order by r)
                          from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) r
                          where has_table_privilege('allin_app', c.oid, r)), ''),
                has_any_column_privilege('allin_app', c.oid, 'select, insert, update, references')
         from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("rights");
    let mut problems = Vec::new();
    for (table, has, column) in rows {
        let listed = PLAIN.iter().chain(HISTORY).find(|(name, ..)| *name == table).map(|(_, rights, _)| *rights);
        let expected = if narrow(&table) { "" } else { listed.unwrap_or(EVERYTHING) };
        if has != expected || (expected.is_empty() && column) {
            problems.push(format!("{table}: allin_app has `{has}` (columns: {column}), expected `{expected}`"));
        }
    }
    let columns = strings(conn, "select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
          and has_column_privilege('allin_app', c.oid, a.attnum, 'update') and not has_table_privilege('allin_app', c.oid, 'update')
        order by 1").await;
    if columns != ["assets.alt_text", "audit_entries.chain_hash", "audit_entries.position"] {
        problems.push(format!("allin_app may update single columns: {columns:?}"));
    }
    problems
}

/// Nobody but the application executes our functions; those with the owner's rights are known and cannot be misled.
async fn functions(conn: &mut PgConnection) -> Vec<String> {
    let rows: Vec<(String, bool, bool, bool, String)> = sqlx::query_as(
        "select p.proname::text, has_function_privilege('public', p.oid, 'execute'), has_function_privilege('allin_app', p.oid, 'execute'),
                p.prosecdef, coalesce(array_to_string(p.proconfig, ','), '')
         from pg_proc p where p.pronamespace = 'public'::regnamespace
           and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by 1",
    )
    .fetch_all(conn)
    .await
    .expect("functions");
    let mut problems = Vec::new();
    for (name, public, app, definer, settings) in &rows {
        if *public || *app == DECIDERS.contains(&name.as_str()) {
            problems.push(format!("{name} may be executed by public: {public}, by allin_app: {app}"));
        }
        if settings != "search_path=public, pg_temp" {
            problems.push(format!("{name} runs with settings `{settings}`: others could put their tables before ours"));
        }
        if *definer && !DEFINERS.contains(&name.as_str()) {
            problems.push(format!("{name} runs with the owner's rights and is not in the table"));
        }
    }
    let stale = DEFINERS.iter().filter(|name| !rows.iter().any(|(known, _, _, definer, _)| known == *name && *definer));
    problems
        .extend(stale.map(|name| format!("{name} is in the table of functions with the owner's rights and is none")));
    problems
}

/// The decider is bound like the application, and may write only the tables of decisions beside it.
async fn decisions(conn: &mut PgConnection) -> Vec<String> {
    let beyond = strings(conn, "select c.relname || ' ' || r from pg_class c, unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) r
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and has_table_privilege('allin_decider', c.oid, r) and not has_table_privilege('allin_app', c.oid, r)
        union all
        select c.relname || ' update (' || a.attname || ')' from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
          and has_column_privilege('allin_decider', c.oid, a.attnum, 'update') and not has_column_privilege('allin_app', c.oid, a.attnum, 'update')
        order by 1").await;
    let mut problems: Vec<String> = Vec::new();
    if beyond != DECISIONS {
        problems.push(format!("allin_decider may beyond the application: {beyond:?}"));
    }
    problems.extend(
        strings(
            conn,
            "select 'allin_decider is superuser, bypasses policies, owns or makes something' from pg_roles
        where rolname = 'allin_decider' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
              or exists (select from pg_class where relowner = pg_roles.oid))",
        )
        .await,
    );
    problems
}
