-- The foundation: tenants, people, accounts, posts and the delivery ledger.
-- Run by the role that owns the database (allin_owner). The application connects as allin_app, which owns nothing.

do $$
begin
    if not exists (select from pg_roles where rolname = 'allin_app') then
        raise exception 'the role allin_app does not exist'
            using hint = 'As a superuser: create role allin_app login password ''…'' nosuperuser nobypassrls;';
    end if;
end
$$;

-- What belongs to the whole installation: a few rows, no tenant data. -------------------------------------------

create table installation (
    name text primary key,
    value jsonb not null
);

-- A human being. Known before any workspace is.
create table persons (
    person_id uuid primary key,
    display_name text not null check (length(display_name) between 1 and 200),
    email text unique,
    created_at timestamptz not null
);

-- Which workspaces a person is in; ids only.
create table person_workspaces (
    person_id uuid not null references persons,
    workspace_id uuid not null,
    member_id uuid not null,
    primary key (person_id, workspace_id)
);

-- SHA-256 of every bearer key and single-use link; leads to ids, holds nothing else.
create table token_hashes (
    hash bytea primary key check (length(hash) = 32),
    kind text not null check (kind in ('api_key', 'connect')),
    workspace_id uuid not null,
    subject_id uuid not null
);

-- Numbers the claims of all targets over all time, so that no number ever comes twice.
create sequence dispatch_fence;

-- What is due, for all tenants: the publisher's queue. Ids, times and the lease, no content.
create table dispatch (
    workspace_id uuid not null,
    target_id uuid not null,
    account_id uuid not null,
    due_at timestamptz not null,
    lease_until timestamptz,
    -- Numbers the claim; every write of a worker names the claim it holds, so a stale worker writes nothing.
    fence bigint not null,
    primary key (workspace_id, target_id)
);
create index dispatch_due on dispatch (due_at, workspace_id, target_id);

-- Sessions of the protocol eras that have them: who opened it, and how.
create table protocol_sessions (
    session_hash bytea primary key check (length(session_hash) = 32),
    owner_key text not null,
    state jsonb not null,
    expires_at timestamptz not null
);

-- Running processes with a worker, so that health can tell whether anything will publish.
create table workers (
    worker_id uuid primary key,
    kind text not null,
    seen_at timestamptz not null
);

-- Workspaces with audit entries that are not chained yet.
create table audit_pending (
    workspace_id uuid not null,
    entry_id uuid not null,
    primary key (workspace_id, entry_id)
);

-- Tenant tables ---------------------------------------------------------------------------------------------------

create table workspaces (
    workspace_id uuid primary key,
    name text not null check (length(name) between 1 and 200),
    -- IANA name; local times without a zone mean this one.
    time_zone text not null,
    -- Set: nothing is sent.
    paused_at timestamptz,
    paused_reason text,
    created_at timestamptz not null
);

create table members (
    workspace_id uuid not null references workspaces,
    member_id uuid not null,
    person_id uuid not null references persons,
    display_name text not null,
    role text not null check (role in ('viewer', 'contributor', 'publisher', 'manager', 'admin')),
    created_at timestamptz not null,
    removed_at timestamptz,
    primary key (workspace_id, member_id),
    unique (workspace_id, person_id)
);

create table api_keys (
    workspace_id uuid not null,
    api_key_id uuid not null,
    member_id uuid not null,
    name text not null check (length(name) between 1 and 200),
    -- The first characters of the key, to recognise it by.
    prefix text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (workspace_id, api_key_id),
    foreign key (workspace_id, member_id) references members
);

create table accounts (
    workspace_id uuid not null references workspaces,
    account_id uuid not null,
    network text not null check (network in ('bluesky', 'sandbox')),
    remote_id text not null,
    handle text not null,
    display_name text,
    base_url text not null,
    status text not null check (status in ('connected', 'limited', 'disconnected')),
    status_reason text,
    time_zone text,
    -- How late a post may still go out when nothing was running at its time.
    tolerance_secs integer not null default 900 check (tolerance_secs between 0 and 604800),
    -- Sealed credentials; null when disconnected.
    secret bytea,
    secret_expires_at timestamptz,
    -- One token refresh at a time.
    refresh_lease_until timestamptz,
    -- The network asked us to wait until then.
    not_before timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (workspace_id, account_id),
    unique (workspace_id, network, remote_id)
);

-- Which accounts a Publisher or Contributor may use; Managers and Admins may use all.
create table account_grants (
    workspace_id uuid not null,
    account_id uuid not null,
    member_id uuid not null,
    created_at timestamptz not null,
    primary key (workspace_id, account_id, member_id),
    foreign key (workspace_id, account_id) references accounts,
    foreign key (workspace_id, member_id) references members
);

-- A page that takes a secret, once.
create table connect_requests (
    workspace_id uuid not null,
    connect_id uuid not null,
    member_id uuid not null,
    network text not null,
    base_url text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    attempts integer not null default 0,
    used_at timestamptz,
    account_id uuid,
    primary key (workspace_id, connect_id),
    foreign key (workspace_id, member_id) references members,
    foreign key (workspace_id, account_id) references accounts
);

create table assets (
    workspace_id uuid not null references workspaces,
    asset_id uuid not null,
    sha256 bytea not null check (length(sha256) = 32),
    mime text not null,
    bytes bigint not null check (bytes > 0),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    alt_text text not null default '',
    file_name text,
    created_at timestamptz not null,
    primary key (workspace_id, asset_id),
    unique (workspace_id, sha256)
);

create table asset_chunks (
    workspace_id uuid not null,
    asset_id uuid not null,
    ordinal integer not null check (ordinal >= 0),
    data bytea not null,
    primary key (workspace_id, asset_id, ordinal),
    foreign key (workspace_id, asset_id) references assets on delete cascade
);

create table posts (
    workspace_id uuid not null references workspaces,
    post_id uuid not null,
    title text,
    version integer not null default 1,
    -- Derived from the targets; kept here for lists.
    status text not null check (status in ('draft', 'scheduled', 'publishing', 'unknown', 'published',
                                           'partly_published', 'failed', 'held', 'cancelled')),
    review text not null default 'not_needed'
        check (review in ('not_needed', 'requested', 'approved', 'changes_requested', 'rejected', 'void')),
    approved_hash bytea,
    -- SHA-256 over everything that would be sent.
    content_hash bytea not null check (length(content_hash) = 32),
    author_id uuid not null,
    -- Earliest due or publication time over the targets; orders calendars and lists.
    at timestamptz,
    excerpt text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    primary key (workspace_id, post_id),
    foreign key (workspace_id, author_id) references members,
    check (review <> 'approved' or approved_hash is not null)
);
create index posts_by_age on posts (workspace_id, created_at desc, post_id desc) where deleted_at is null;
create index posts_by_time on posts (workspace_id, at, post_id) where deleted_at is null;

create table post_versions (
    workspace_id uuid not null,
    post_id uuid not null,
    version integer not null,
    content jsonb not null,
    actor text not null,
    created_at timestamptz not null,
    primary key (workspace_id, post_id, version),
    foreign key (workspace_id, post_id) references posts
);

create table targets (
    workspace_id uuid not null,
    target_id uuid not null,
    post_id uuid not null,
    account_id uuid not null,
    state text not null check (state in ('draft', 'scheduled', 'publishing', 'unknown', 'published', 'failed',
                                         'held', 'cancelled')),
    -- The time that was asked for.
    due_at timestamptz,
    -- As it was said: local date and time, and the zone that made it an instant.
    due_local text,
    due_zone text,
    -- When the next step is to be tried: later than due_at after a refusal.
    next_step_at timestamptz,
    tries integer not null default 0,
    error_code text,
    error_message text,
    error_next_step text,
    published_at timestamptz,
    -- Somebody asked to remove it from the network; set before the network is called.
    removal_requested_at timestamptz,
    removed_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (workspace_id, target_id),
    unique (workspace_id, post_id, account_id),
    foreign key (workspace_id, post_id) references posts,
    foreign key (workspace_id, account_id) references accounts,
    check (state not in ('scheduled', 'publishing', 'unknown') or due_at is not null),
    check (state <> 'published' or published_at is not null)
);
create index targets_by_account on targets (workspace_id, account_id, due_at);

create table segments (
    workspace_id uuid not null,
    target_id uuid not null,
    ordinal integer not null check (ordinal >= 0),
    text text not null,
    -- [{"asset_id": uuid, "alt_text": text}]
    media jsonb not null default '[]',
    -- Stable over all attempts: idempotency keys and record keys derive from it.
    send_key uuid not null,
    -- The creation time that the network will show; fixed at the first arming.
    stamped_at timestamptz,
    prepared jsonb,
    -- What the network made of it; set once.
    remote jsonb,
    published_at timestamptz,
    primary key (workspace_id, target_id, ordinal),
    unique (workspace_id, send_key),
    foreign key (workspace_id, target_id) references targets on delete cascade
);

create table attempts (
    workspace_id uuid not null,
    attempt_id uuid not null,
    target_id uuid not null,
    ordinal integer not null,
    number integer not null,
    state text not null check (state in ('armed', 'published', 'rejected', 'unknown', 'absent')),
    -- SHA-256 over the bytes of this segment.
    fingerprint bytea not null check (length(fingerprint) = 32),
    fence bigint not null,
    armed_at timestamptz not null,
    -- After this instant the call must not be started.
    send_deadline timestamptz not null,
    finished_at timestamptz,
    evidence text,
    primary key (workspace_id, attempt_id),
    unique (workspace_id, target_id, ordinal, number),
    foreign key (workspace_id, target_id) references targets,
    check ((state = 'armed') = (finished_at is null))
);
-- At most one attempt at a segment is under way.
create unique index attempts_one_armed on attempts (workspace_id, target_id, ordinal) where state = 'armed';
-- At most one attempt at a segment succeeded.
create unique index attempts_one_published on attempts (workspace_id, target_id, ordinal) where state = 'published';

create table idempotency (
    workspace_id uuid not null,
    actor_key text not null,
    use_case text not null,
    key text not null,
    input_hash bytea not null check (length(input_hash) = 32),
    -- Null while a call with outside effects is under way.
    output jsonb,
    lease_until timestamptz,
    expires_at timestamptz not null,
    primary key (workspace_id, actor_key, use_case, key),
    foreign key (workspace_id) references workspaces
);
create index idempotency_expired on idempotency (workspace_id, expires_at);

-- Confirmations that were spent.
create table spent_confirmations (
    workspace_id uuid not null references workspaces,
    nonce uuid not null,
    expires_at timestamptz not null,
    primary key (workspace_id, nonce)
);

create table audit_entries (
    workspace_id uuid not null references workspaces,
    entry_id uuid not null,
    at timestamptz not null,
    actor text not null,
    origin text not null,
    request_id uuid not null,
    use_case text not null,
    outcome text not null check (outcome in ('done', 'refused', 'unknown')),
    changes jsonb not null,
    -- Set by the sealer, once.
    position bigint,
    chain_hash bytea,
    primary key (workspace_id, entry_id),
    unique (workspace_id, position),
    check ((position is null) = (chain_hash is null))
);

create table audit_heads (
    workspace_id uuid primary key references workspaces,
    position bigint not null,
    chain_hash bytea not null,
    signature bytea not null,
    key_id text not null
);

-- Row-level security ---------------------------------------------------------------------------------------------

do $$
declare
    name text;
begin
    foreach name in array array['workspaces', 'members', 'api_keys', 'accounts', 'account_grants', 'connect_requests',
        'assets', 'asset_chunks', 'posts', 'post_versions', 'targets', 'segments', 'attempts', 'idempotency',
        'spent_confirmations', 'audit_entries', 'audit_heads']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        -- nullif: after the first local set the setting reads as an empty string, not as null.
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert, update, delete on %I to allin_app', name);
    end loop;
end
$$;

-- History is written once.
revoke update, delete on audit_entries, post_versions from allin_app;
grant update (position, chain_hash) on audit_entries to allin_app;
revoke delete on attempts, workspaces, members, api_keys, audit_heads from allin_app;

-- The tables outside row-level security are reached through these functions and no other way. ------------------------

grant select, insert, update on installation to allin_app;

-- Enters a tenant: the one place that changes the setting. Returns the caller's role, nothing when the member was
-- removed or the key was revoked. System work passes no member.
create function tenant_enter(p_workspace uuid, p_member uuid, p_key uuid, p_now timestamptz)
    returns table (role text, member_name text, time_zone text)
    language plpgsql
    set search_path = public, pg_temp
as $$
begin
    perform set_config('allin.workspace_id', p_workspace::text, true);
    if p_member is null then
        return query select 'system', 'AllIN', w.time_zone from workspaces w where w.workspace_id = p_workspace;
    else
        return query
            select m.role, m.display_name, w.time_zone
            from members m join workspaces w using (workspace_id)
            where m.workspace_id = p_workspace and m.member_id = p_member and m.removed_at is null
              and (p_key is null or exists (
                    select from api_keys k
                    where k.workspace_id = p_workspace and k.api_key_id = p_key and k.member_id = p_member
                      and k.revoked_at is null and (k.expires_at is null or k.expires_at > p_now)));
    end if;
end
$$;

create function token_find(p_hash bytea) returns table (kind text, workspace_id uuid, subject_id uuid)
    language sql stable security definer set search_path = public, pg_temp
as $$ select kind, workspace_id, subject_id from token_hashes where hash = p_hash $$;

create function token_add(p_hash bytea, p_kind text, p_workspace uuid, p_subject uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into token_hashes values (p_hash, p_kind, p_workspace, p_subject) $$;

create function token_drop(p_workspace uuid, p_subject uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from token_hashes where workspace_id = p_workspace and subject_id = p_subject $$;

create function person_add(p_person uuid, p_name text, p_email text, p_now timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into persons values (p_person, p_name, p_email, p_now) $$;

create function person_find(p_email text) returns uuid
    language sql stable security definer set search_path = public, pg_temp
as $$ select person_id from persons where email = p_email $$;

create function person_join(p_person uuid, p_workspace uuid, p_member uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into person_workspaces values (p_person, p_workspace, p_member)
      on conflict (person_id, workspace_id) do nothing $$;

create function person_workspaces_of(p_person uuid) returns table (workspace_id uuid, member_id uuid)
    language sql stable security definer set search_path = public, pg_temp
as $$ select workspace_id, member_id from person_workspaces where person_id = p_person order by workspace_id $$;

create function workspaces_all(p_after uuid, p_limit integer) returns table (workspace_id uuid)
    language sql stable security definer set search_path = public, pg_temp
as $$ select distinct workspace_id from person_workspaces where p_after is null or workspace_id > p_after
      order by workspace_id limit p_limit $$;

create function dispatch_put(p_workspace uuid, p_target uuid, p_account uuid, p_due timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into dispatch (workspace_id, target_id, account_id, due_at, fence)
      values (p_workspace, p_target, p_account, p_due, nextval('dispatch_fence'))
      on conflict (workspace_id, target_id) do update
          set due_at = excluded.due_at, lease_until = null, fence = excluded.fence $$;

create function dispatch_drop(p_workspace uuid, p_target uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from dispatch where workspace_id = p_workspace and target_id = p_target $$;

-- Takes up to p_limit due targets whose lease is free. Skips what another worker is taking at this moment.
create function dispatch_claim(p_now timestamptz, p_lease_until timestamptz, p_limit integer)
    returns table (workspace_id uuid, target_id uuid, account_id uuid, due_at timestamptz, fence bigint)
    language sql security definer set search_path = public, pg_temp
as $$
    update dispatch d set lease_until = p_lease_until, fence = nextval('dispatch_fence')
    from (select c.workspace_id, c.target_id from dispatch c
          where c.due_at <= p_now and (c.lease_until is null or c.lease_until <= p_now)
          order by c.due_at, c.workspace_id, c.target_id limit p_limit for update skip locked) due
    where d.workspace_id = due.workspace_id and d.target_id = due.target_id
    returning d.workspace_id, d.target_id, d.account_id, d.due_at, d.fence
$$;

-- Prolongs the lease of a claim, and locks it; false when the claim was lost.
create function dispatch_renew(p_workspace uuid, p_target uuid, p_fence bigint, p_lease_until timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with held as (update dispatch set lease_until = p_lease_until
                    where workspace_id = p_workspace and target_id = p_target and fence = p_fence returning 1)
      select exists (select from held) $$;

-- Gives the claim back, to be taken again at p_due.
create function dispatch_release(p_workspace uuid, p_target uuid, p_fence bigint, p_due timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with moved as (update dispatch set due_at = p_due, lease_until = null
                     where workspace_id = p_workspace and target_id = p_target and fence = p_fence returning 1)
      select exists (select from moved) $$;

create function dispatch_next() returns timestamptz
    language sql stable security definer set search_path = public, pg_temp
as $$ select min(greatest(due_at, coalesce(lease_until, due_at))) from dispatch $$;

create function dispatch_health(p_now timestamptz)
    returns table (overdue bigint, oldest_due timestamptz, leased bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$ select count(*) filter (where due_at <= p_now), min(due_at) filter (where due_at <= p_now),
             count(*) filter (where lease_until > p_now) from dispatch $$;

create function worker_seen(p_worker uuid, p_kind text, p_now timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into workers values (p_worker, p_kind, p_now)
      on conflict (worker_id) do update set seen_at = excluded.seen_at $$;

create function worker_gone(p_worker uuid, p_before timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from workers where worker_id = p_worker or seen_at < p_before $$;

create function workers_alive(p_since timestamptz) returns table (kind text, seen_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$ select kind, seen_at from workers where seen_at >= p_since order by seen_at desc $$;

create function session_put(p_hash bytea, p_owner text, p_state jsonb, p_expires timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into protocol_sessions values (p_hash, p_owner, p_state, p_expires)
      on conflict (session_hash) do update set state = excluded.state, expires_at = excluded.expires_at
      where protocol_sessions.owner_key = excluded.owner_key $$;

create function session_get(p_hash bytea, p_now timestamptz) returns table (owner_key text, state jsonb)
    language sql stable security definer set search_path = public, pg_temp
as $$ select owner_key, state from protocol_sessions where session_hash = p_hash and expires_at > p_now $$;

create function session_drop(p_hash bytea, p_now timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from protocol_sessions where session_hash = p_hash or expires_at <= p_now $$;

create function audit_pending_workspaces(p_limit integer) returns table (workspace_id uuid)
    language sql stable security definer set search_path = public, pg_temp
as $$ select distinct workspace_id from audit_pending limit p_limit $$;

create function audit_pending_drop(p_workspace uuid, p_entries uuid[]) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from audit_pending where workspace_id = p_workspace and entry_id = any (p_entries) $$;

create function audit_noted() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into audit_pending values (new.workspace_id, new.entry_id);
    return null;
end
$$;
create trigger audit_noted after insert on audit_entries for each row execute function audit_noted();

create function audit_sealed_once() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if old.position is not null then
        raise exception 'audit entry % is sealed', old.entry_id using errcode = '42501';
    end if;
    return new;
end
$$;
create trigger audit_sealed_once before update on audit_entries for each row execute function audit_sealed_once();

-- The condition to send, checked by the database whatever the program believes. -------------------------------------

create function attempt_may_arm() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
declare
    reason text;
begin
    select case
        when w.paused_at is not null then 'the workspace is paused'
        when p.deleted_at is not null then 'the post is deleted'
        when t.state <> 'publishing' then 'the target is ' || t.state
        when p.review = 'approved' and p.approved_hash is distinct from p.content_hash then 'the approval is for other content'
        when p.review not in ('not_needed', 'approved') then 'the review is ' || p.review
        when a.status = 'disconnected' then 'the account is disconnected'
    end into reason
    from targets t
    join posts p on p.workspace_id = t.workspace_id and p.post_id = t.post_id
    join accounts a on a.workspace_id = t.workspace_id and a.account_id = t.account_id
    join workspaces w on w.workspace_id = t.workspace_id
    where t.workspace_id = new.workspace_id and t.target_id = new.target_id
    for share of w, p, a;
    if not found then
        raise exception 'no such target' using errcode = '23503';
    end if;
    if reason is not null then
        raise exception 'must not be sent: %', reason using errcode = '23514', constraint = 'attempt_may_arm';
    end if;
    return new;
end
$$;
create trigger attempt_may_arm before insert on attempts for each row when (new.state = 'armed') execute function attempt_may_arm();

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'public' and p.prokind = 'f' and p.proowner = (select oid from pg_roles where rolname = current_user)
               and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
