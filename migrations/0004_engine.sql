-- The publishing engine: an account is a lane of the queue, so that no tenant's backlog stands before another's; what
-- networks ask of us, and servers that fail, are known to every process.

alter table dispatch
    -- 0: at once, 1: at its time, 2: fills gaps.
    add column priority smallint not null default 1 check (priority between 0 and 2),
    -- When a publisher noticed that it is due; null before. What is noticed is found by account, the rest by time.
    add column noticed_at timestamptz;
drop index dispatch_due;
create index dispatch_coming on dispatch (priority, due_at) where noticed_at is null;
create index dispatch_noticed on dispatch (workspace_id, account_id, priority, due_at, target_id) where noticed_at is not null;
create index dispatch_leased on dispatch (workspace_id, account_id, lease_until) where lease_until is not null;

-- What the queue knows of an account: where it is, and whether its network asked it to wait.
create table lanes (
    workspace_id uuid not null,
    account_id uuid not null,
    network text not null,
    -- Network and host: what fails and what limits together.
    server text not null,
    not_before timestamptz,
    primary key (workspace_id, account_id)
);
create index lanes_waiting on lanes (server, not_before) where not_before is not null;

-- Servers that failed, were limited, or were mended: the circuit breakers of all processes.
create table servers (
    server text primary key,
    -- In a row, over all accounts.
    failures integer not null default 0,
    failing_since timestamptz,
    failed_at timestamptz,
    last_failure text,
    -- Nothing is sent there before; afterwards one delivery tries, until `trial_until` at most.
    open_until timestamptz,
    trial_until timestamptz,
    -- How often it was opened without a success in between.
    opened integer not null default 0,
    -- Several accounts were told to wait at once: everybody does.
    not_before timestamptz,
    recovered_at timestamptz
);

create function account_lane() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into lanes (workspace_id, account_id, network, server, not_before)
    values (new.workspace_id, new.account_id, new.network,
            new.network || ' ' || coalesce(lower(substring(new.base_url from '^[a-z]+://([^/?#]+)')), ''), new.not_before)
    on conflict (workspace_id, account_id) do update
        set network = excluded.network, server = excluded.server, not_before = excluded.not_before;
    return null;
end
$$;
create trigger account_lane after insert or update of network, base_url, not_before on accounts
    for each row execute function account_lane();

-- The accounts that are there already.
alter table accounts no force row level security;
update accounts set not_before = not_before;
alter table accounts force row level security;

create function dispatch_put(p_workspace uuid, p_target uuid, p_account uuid, p_due timestamptz, p_priority smallint) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into dispatch (workspace_id, target_id, account_id, due_at, fence, priority)
      values (p_workspace, p_target, p_account, p_due, nextval('dispatch_fence'), p_priority)
      on conflict (workspace_id, target_id) do update
          set due_at = excluded.due_at, lease_until = null, fence = excluded.fence, priority = excluded.priority,
              noticed_at = null $$;

create or replace function dispatch_put(p_workspace uuid, p_target uuid, p_account uuid, p_due timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ select dispatch_put(p_workspace, p_target, p_account, p_due, 1::smallint) $$;

create or replace function dispatch_release(p_workspace uuid, p_target uuid, p_fence bigint, p_due timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with moved as (update dispatch set due_at = p_due, lease_until = null, noticed_at = null
                     where workspace_id = p_workspace and target_id = p_target and fence = p_fence returning 1)
      select exists (select from moved) $$;

-- Notices what has become due, and lists accounts that have some of it, from one account on: what of each is first, how
-- much is under way, and whether it waits. `trial`: its server failed, and one delivery may try whether it works again.
create function dispatch_lanes(p_now timestamptz, p_after_workspace uuid, p_after_account uuid, p_limit integer)
    returns table (workspace_id uuid, account_id uuid, network text, server text, priority smallint, due_at timestamptz,
                   under_way bigint, waits boolean, trial boolean)
    language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
    -- A plan made while the queue is empty must not read all of it later.
    set local enable_seqscan = off;
    update dispatch d set noticed_at = p_now
    from (values (0::smallint), (1::smallint), (2::smallint)) class (priority)
    cross join lateral (
        select c.workspace_id, c.target_id from dispatch c
        where c.noticed_at is null and c.priority = class.priority and c.due_at <= p_now
        order by c.due_at limit 1000 for update skip locked
    ) due
    where d.workspace_id = due.workspace_id and d.target_id = due.target_id;

    return query
    with recursive lane as (
        (select d.workspace_id, d.account_id, 1 as number from dispatch d
         where d.noticed_at is not null and (d.workspace_id, d.account_id) > (p_after_workspace, p_after_account)
         order by d.workspace_id, d.account_id limit 1)
        union all
        select further.workspace_id, further.account_id, lane.number + 1 from lane
        cross join lateral (
            select d.workspace_id, d.account_id from dispatch d
            where d.noticed_at is not null and (d.workspace_id, d.account_id) > (lane.workspace_id, lane.account_id)
            order by d.workspace_id, d.account_id limit 1
        ) further
        where lane.number < p_limit
    )
    select lane.workspace_id, lane.account_id, coalesce(l.network, ''), coalesce(l.server, ''), first.priority, first.due_at,
           (select count(*) from dispatch d where d.workspace_id = lane.workspace_id and d.account_id = lane.account_id
            and d.lease_until > p_now),
           coalesce(greatest(l.not_before, s.not_before, s.open_until, s.trial_until) > p_now, false),
           s.open_until is not null
    from lane
    left join lanes l on l.workspace_id = lane.workspace_id and l.account_id = lane.account_id
    left join servers s on s.server = l.server
    left join lateral (
        select d.priority, d.due_at from dispatch d
        where d.workspace_id = lane.workspace_id and d.account_id = lane.account_id and d.noticed_at is not null
          and (d.lease_until is null or d.lease_until <= p_now)
        order by d.priority, d.due_at, d.target_id limit 1
    ) first on true
    order by lane.number;
end
$$;

-- Takes the first free targets of these accounts, of each no more than `p_most` in all are under way. Skips what another
-- worker is taking at this moment.
create function dispatch_take(p_now timestamptz, p_lease_until timestamptz, p_workspaces uuid[], p_accounts uuid[], p_most integer[])
    returns table (workspace_id uuid, target_id uuid, account_id uuid, due_at timestamptz, noticed_at timestamptz,
                   fence bigint, server text)
    language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
    set local enable_seqscan = off;
    return query
    with wanted as (
        select first.workspace_id, first.target_id
        from unnest(p_workspaces, p_accounts, p_most) lane (workspace_id, account_id, most)
        cross join lateral (
            select d.workspace_id, d.target_id from dispatch d
            where d.workspace_id = lane.workspace_id and d.account_id = lane.account_id and d.noticed_at is not null
              and (d.lease_until is null or d.lease_until <= p_now)
            order by d.priority, d.due_at, d.target_id
            limit greatest(0, lane.most - (select count(*) from dispatch u where u.workspace_id = lane.workspace_id
                                           and u.account_id = lane.account_id and u.lease_until > p_now))
        ) first
    ), free as (
        -- One by one by its key, as it is once it is locked; whether it is still due is asked afterwards.
        select locked.workspace_id, locked.target_id from wanted
        cross join lateral (
            select d.workspace_id, d.target_id, d.noticed_at from dispatch d
            where d.workspace_id = wanted.workspace_id and d.target_id = wanted.target_id
              and (d.lease_until is null or d.lease_until <= p_now)
            for update skip locked
        ) locked
        where locked.noticed_at is not null
    )
    update dispatch d set lease_until = p_lease_until, fence = nextval('dispatch_fence')
    from free where d.workspace_id = free.workspace_id and d.target_id = free.target_id
    returning d.workspace_id, d.target_id, d.account_id, d.due_at, d.noticed_at, d.fence,
              coalesce((select l.server from lanes l where l.workspace_id = d.workspace_id and l.account_id = d.account_id), '');
end
$$;

-- Prolongs the leases of these claims, and locks them; returns the targets whose claim was not lost.
create function dispatch_renew_all(p_workspace uuid, p_targets uuid[], p_fences bigint[], p_lease_until timestamptz)
    returns table (target_id uuid)
    language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with held as (
        select d.target_id from dispatch d
        join unnest(p_targets, p_fences) claim (target_id, fence) on claim.target_id = d.target_id and claim.fence = d.fence
        where d.workspace_id = p_workspace order by d.target_id for update of d
    )
    update dispatch d set lease_until = p_lease_until
    from held where d.workspace_id = p_workspace and d.target_id = held.target_id
    returning d.target_id;
end
$$;

create function dispatch_drop_all(p_workspace uuid, p_targets uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from dispatch where workspace_id = p_workspace and target_id = any (p_targets);
end
$$;

-- When the next target comes due that nobody has noticed yet.
create or replace function dispatch_next() returns timestamptz
    language sql stable security definer set search_path = public, pg_temp
as $$ select min(first.due_at) from (values (0::smallint), (1::smallint), (2::smallint)) class (priority)
      cross join lateral (select d.due_at from dispatch d where d.noticed_at is null and d.priority = class.priority
                          order by d.due_at limit 1) first $$;

create or replace function dispatch_health(p_now timestamptz)
    returns table (overdue bigint, oldest_due timestamptz, leased bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$ select coalesce(sum(part.number), 0)::bigint, min(part.oldest),
             (select count(*) from dispatch d where d.lease_until > p_now)
      from (select count(*) as number, min(d.due_at) as oldest from dispatch d where d.noticed_at is not null
            union all
            select count(*), min(d.due_at) from dispatch d
            where d.noticed_at is null and d.priority in (0, 1, 2) and d.due_at <= p_now) part $$;

-- A delivery got an answer that only a working server gives.
create function server_worked(p_server text, p_now timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update servers set failures = 0, failing_since = null, open_until = null, trial_until = null, opened = 0,
                       recovered_at = case when open_until is null then recovered_at else p_now end
    where server = p_server and failures > 0;
end
$$;

-- Deliveries failed. After `p_most` in a row nothing is sent there for a while: `p_pause`, doubled with each time, at most
-- 32 times as long.
create function server_failed(p_server text, p_number integer, p_what text, p_now timestamptz, p_most integer, p_pause interval)
    returns void
    language sql security definer set search_path = public, pg_temp
as $$
    insert into servers as s (server, failures, failing_since, failed_at, last_failure, open_until, opened)
    values (p_server, p_number, p_now, p_now, p_what, case when p_number >= p_most then p_now + p_pause end,
            case when p_number >= p_most then 1 else 0 end)
    on conflict (server) do update set
        failures = s.failures + p_number, failing_since = coalesce(s.failing_since, p_now), failed_at = p_now,
        last_failure = p_what, trial_until = null,
        -- Calls that were under way when it was opened do not open it again.
        opened = s.opened + case when s.failures + p_number >= p_most and coalesce(s.open_until <= p_now, true) then 1 else 0 end,
        open_until = case when s.failures + p_number >= p_most and coalesce(s.open_until <= p_now, true)
                          then p_now + p_pause * (2 ^ least(s.opened, 5)) else s.open_until end
$$;

-- Takes the one delivery that tries whether a server works again.
create function server_try(p_server text, p_now timestamptz, p_until timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with taken as (update servers set trial_until = p_until
                     where server = p_server and open_until <= p_now and coalesce(trial_until <= p_now, true) returning 1)
      select exists (select from taken) $$;

-- The delivery that took the trial ended without telling anything.
create function server_untried(p_server text) returns void
    language sql security definer set search_path = public, pg_temp
as $$ update servers set trial_until = null where server = p_server and trial_until is not null $$;

-- An account was told to wait. When three wait at once the limit is the server's, and everybody waits, for a minute at most
-- before somebody asks again.
create function server_limited(p_server text, p_until timestamptz, p_now timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$
    insert into servers as s (server, not_before)
    select p_server, least(p_until, p_now + interval '1 minute')
    where (select count(*) from lanes where server = p_server and not_before > p_now) >= 3
    on conflict (server) do update set not_before = greatest(s.not_before, excluded.not_before)
$$;

create function servers_all()
    returns table (server text, failures integer, failing_since timestamptz, last_failure text, open_until timestamptz,
                   not_before timestamptz, recovered_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$ select server, failures, failing_since, last_failure, open_until, not_before, recovered_at from servers order by server $$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p
             where p.pronamespace = 'public'::regnamespace
               and (p.proname in ('account_lane', 'server_worked', 'server_failed', 'server_try', 'server_untried', 'server_limited', 'servers_all')
                    or p.proname like 'dispatch\_%')
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
