-- What a restore and a wrong clock leave behind.

-- When a restore put the target in doubt: it may have been sent since the backup. Ends when it is found, or is not there.
alter table targets add column doubted_at timestamptz;

-- A clock that ran ahead and was set right leaves times that lie far in the future. A lease, a limit or an open breaker
-- that would last longer than any can (a lease 12.5 minutes, with the longest wait for an answer; a limit 48 hours, that of
-- a whole server a minute; a breaker 12 minutes) is over. Whoever holds such a lease loses it by its fence.

-- Lists only; `dispatch_notice` has noticed before.
create or replace function dispatch_lanes(p_now timestamptz, p_after_workspace uuid, p_after_account uuid, p_limit integer)
    returns table (workspace_id uuid, account_id uuid, network text, server text, priority smallint, due_at timestamptz,
                   under_way bigint, waits boolean, trial boolean)
    language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
    -- A plan made while the queue is empty must not read all of it later.
    set local enable_seqscan = off;
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
            and d.lease_until > p_now and d.lease_until <= p_now + interval '15 minutes'),
           coalesce(l.not_before > p_now and l.not_before <= p_now + interval '48 hours', false)
           or coalesce(s.not_before > p_now and s.not_before <= p_now + interval '1 minute', false)
           or coalesce(s.open_until > p_now and s.open_until <= p_now + interval '13 minutes', false)
           or coalesce(s.trial_until > p_now and s.trial_until <= p_now + interval '15 minutes', false),
           s.open_until is not null
    from lane
    left join lanes l on l.workspace_id = lane.workspace_id and l.account_id = lane.account_id
    left join servers s on s.server = l.server
    left join lateral (
        select d.priority, d.due_at from dispatch d
        where d.workspace_id = lane.workspace_id and d.account_id = lane.account_id and d.noticed_at is not null
          and (d.lease_until is null or d.lease_until <= p_now or d.lease_until > p_now + interval '15 minutes')
        order by d.priority, d.due_at, d.target_id limit 1
    ) first on true
    order by lane.number;
end
$$;

create or replace function dispatch_take(p_now timestamptz, p_lease_until timestamptz, p_workspaces uuid[], p_accounts uuid[], p_most integer[])
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
              and (d.lease_until is null or d.lease_until <= p_now or d.lease_until > p_now + interval '15 minutes')
            order by d.priority, d.due_at, d.target_id
            limit greatest(0, lane.most - (select count(*) from dispatch u where u.workspace_id = lane.workspace_id
                                           and u.account_id = lane.account_id and u.lease_until > p_now
                                           and u.lease_until <= p_now + interval '15 minutes'))
        ) first
    ), free as (
        -- One by one by its key, as it is once it is locked; whether it is still due is asked afterwards.
        select locked.workspace_id, locked.target_id from wanted
        cross join lateral (
            select d.workspace_id, d.target_id, d.noticed_at from dispatch d
            where d.workspace_id = wanted.workspace_id and d.target_id = wanted.target_id
              and (d.lease_until is null or d.lease_until <= p_now or d.lease_until > p_now + interval '15 minutes')
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

-- Tells which claims were not lost by target and fence: of two claims of one target, one is.
drop function dispatch_renew_all(uuid, uuid[], bigint[], timestamptz);
create function dispatch_renew_all(p_workspace uuid, p_targets uuid[], p_fences bigint[], p_lease_until timestamptz)
    returns table (target_id uuid, fence bigint)
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
    returning d.target_id, d.fence;
end
$$;
revoke execute on function dispatch_renew_all(uuid, uuid[], bigint[], timestamptz) from public;
grant execute on function dispatch_renew_all(uuid, uuid[], bigint[], timestamptz) to allin_app;

create or replace function server_try(p_server text, p_now timestamptz, p_until timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with taken as (update servers set trial_until = p_until
                     where server = p_server and (open_until <= p_now or open_until > p_now + interval '13 minutes')
                       and coalesce(trial_until <= p_now or trial_until > p_now + interval '15 minutes', true) returning 1)
      select exists (select from taken) $$;

create or replace function mail_claim(p_now timestamptz, p_lease_until timestamptz, p_ids uuid[])
    returns table (workspace_id uuid, member_id uuid, mail_id uuid, notification_id uuid, tries integer)
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    -- The number means nothing; it only has to be the same everywhere.
    if not pg_try_advisory_xact_lock(7216044872) then
        return;
    end if;
    return query
        with due as (
            select q.workspace_id, q.member_id, q.mail_id, min(q.due_at) as first
            from mail_queue q
            where q.due_at <= p_now and (q.lease_until is null or q.lease_until <= p_now or q.lease_until > p_now + interval '15 minutes')
            group by 1, 2, 3 order by 4 limit cardinality(p_ids)
        ), numbered as (
            select d.*, coalesce(d.mail_id, p_ids[row_number() over (order by d.first, d.workspace_id, d.member_id)]) as id
            from due d
        )
        update mail_queue q set mail_id = n.id, lease_until = p_lease_until
        from numbered n
        where q.workspace_id = n.workspace_id and q.member_id = n.member_id and q.mail_id is not distinct from n.mail_id
        returning q.workspace_id, q.member_id, q.mail_id, q.notification_id, q.tries;
end
$$;

create or replace function metric_claim(p_now timestamptz, p_lease_until timestamptz, p_limit integer)
    returns table (workspace_id uuid, account_id uuid, fence bigint)
    language sql security definer set search_path = public, pg_temp
as $$
    update metric_dispatch d set lease_until = p_lease_until, fence = nextval('metric_fence')
    from (select c.workspace_id, c.account_id from metric_dispatch c
          where c.due_at <= p_now and (c.lease_until is null or c.lease_until <= p_now or c.lease_until > p_now + interval '15 minutes')
          order by c.due_at, c.workspace_id, c.account_id limit p_limit for update skip locked) due
    where d.workspace_id = due.workspace_id and d.account_id = due.account_id
    returning d.workspace_id, d.account_id, d.fence
$$;
