-- Fairness between tenants: one tenant's troubles are not a server's, and nobody's bulk stands before what others have due.

-- Notices what has become due, at most 2,000 of each urgency; returns how many, of the urgency with the most. The number is
-- written out: for a parameter the plan reads all that is scheduled. A bulk that is
-- due at once is noticed in several of these, so that it does not keep what others have due a moment later waiting.
create function dispatch_notice(p_now timestamptz) returns integer
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    most integer;
begin
    -- A plan made while the queue is empty must not read all of it later.
    set local enable_seqscan = off;
    with noticed as (
        update dispatch d set noticed_at = p_now
        from (values (0::smallint), (1::smallint), (2::smallint)) class (priority)
        cross join lateral (
            select c.workspace_id, c.target_id from dispatch c
            where c.noticed_at is null and c.priority = class.priority and c.due_at <= p_now
            order by c.due_at limit 2000 for update skip locked
        ) due
        where d.workspace_id = due.workspace_id and d.target_id = due.target_id
        returning d.priority
    )
    select coalesce(max(number), 0) into most from (select count(*)::integer as number from noticed group by priority) class;
    return most;
end
$$;

alter table servers
    -- Of the last failure that was counted, and whether those counted since the last success were several workspaces'.
    add column failed_workspace uuid,
    add column failed_account uuid,
    add column failed_post uuid,
    add column failed_widely boolean not null default false;
create index lanes_server on lanes (server, workspace_id);

-- Deliveries of one workspace failed. A failure counts when it is not the last counted one's post again, and, where several
-- workspaces have accounts, not its account either: one post or one account that fails over and over says nothing of the
-- server. After `p_most` that counted without a success in between nothing is sent there for a while: `p_pause`, doubled with
-- each time, at most 32 times as long. Where several workspaces have accounts, two of them must have failed; where there is
-- one, it is its own posts only that wait.
drop function server_failed(text, integer, text, timestamptz, integer, interval);
create function server_failed(p_server text, p_workspace uuid, p_accounts uuid[], p_posts uuid[], p_what text, p_now timestamptz,
                              p_most integer, p_pause interval)
    returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    s servers;
    shared boolean;
begin
    insert into servers (server) values (p_server) on conflict (server) do nothing;
    select * into strict s from servers where server = p_server for update;
    shared := exists (select from lanes l where l.server = p_server and l.workspace_id < p_workspace)
           or exists (select from lanes l where l.server = p_server and l.workspace_id > p_workspace);
    if s.failures = 0 then
        s.failed_workspace := null;
        s.failed_account := null;
        s.failed_post := null;
        s.failed_widely := false;
    end if;
    for i in 1 .. cardinality(p_posts) loop
        continue when s.failed_post = p_posts[i] or (shared and s.failed_account = p_accounts[i]);
        s.failures := s.failures + 1;
        s.failed_widely := s.failed_widely or coalesce(s.failed_workspace <> p_workspace, false);
        s.failed_workspace := p_workspace;
        s.failed_account := p_accounts[i];
        s.failed_post := p_posts[i];
    end loop;
    -- What is further ahead than any pause was set before the clock was put back.
    if s.open_until > p_now + interval '12.5 minutes' then
        s.open_until := p_now;
    end if;
    -- Calls that were under way when it was opened do not open it again. Once it was opened, the next failure does.
    if s.open_until <= p_now or (s.open_until is null and s.failures >= p_most and (s.failed_widely or not shared)) then
        s.open_until := p_now + p_pause * (2 ^ least(s.opened, 5));
        s.opened := s.opened + 1;
    end if;
    update servers set
        failures = s.failures, failing_since = coalesce(s.failing_since, p_now), failed_at = p_now, last_failure = p_what,
        failed_workspace = s.failed_workspace, failed_account = s.failed_account, failed_post = s.failed_post,
        failed_widely = s.failed_widely, open_until = s.open_until, opened = s.opened, trial_until = null
    where server = p_server;
end
$$;

-- An account was told to wait. When three wait at once, not all of one workspace, the limit is the server's, and everybody
-- waits, for a minute at most before somebody asks again. Accounts have limits of their own, which a workspace may well have
-- reached on all of its accounts.
create or replace function server_limited(p_server text, p_until timestamptz, p_now timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$
    insert into servers as s (server, not_before)
    select p_server, least(p_until, p_now + interval '1 minute')
    where (select count(*) >= 3 and count(distinct workspace_id) >= 2 from lanes
           where server = p_server and not_before > p_now and not_before <= p_now + interval '48 hours')
    -- What is further ahead than a minute was set before the clock was put back.
    on conflict (server) do update set not_before =
        greatest(case when s.not_before <= p_now + interval '1 minute' then s.not_before end, excluded.not_before)
$$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p
             where p.pronamespace = 'public'::regnamespace and p.proname in ('dispatch_notice', 'server_failed')
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
