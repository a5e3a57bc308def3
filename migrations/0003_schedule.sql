-- When posts go out: times that survive a change of the zone data, the queue of each account, series of posts.

alter table targets
    -- 1 for the second of two equal local times.
    add column due_fold smallint not null default 0 check (due_fold between 0 and 1),
    -- Version of the zone data that made due_local an instant; null when an instant was asked for.
    add column due_tzdb text;
create index targets_by_tzdb on targets (workspace_id, due_tzdb) where state = 'scheduled' and due_tzdb is not null;

-- When an account may post. Locked by whoever books a time on it.
create table queues (
    workspace_id uuid not null,
    account_id uuid not null,
    -- Weekly times in the account's zone: [{"day": "monday", "at": "09:00"}], in order.
    slots jsonb not null,
    -- Local times `22:00-07:00` at which nothing goes out.
    quiet_hours text,
    -- Most posts in one local day.
    daily_cap integer check (daily_cap between 1 and 1000),
    -- Least minutes between two posts.
    distance_minutes integer not null default 0 check (distance_minutes between 0 and 10080),
    -- Whether times that break these rules are refused; else they are only warned about.
    strict boolean not null default false,
    updated_at timestamptz not null,
    primary key (workspace_id, account_id),
    foreign key (workspace_id, account_id) references accounts
);

-- A post that is made again and again: a copy of its content, and the rule.
create table series (
    workspace_id uuid not null,
    series_id uuid not null,
    -- Whose rights the posts are made with.
    author_id uuid not null,
    -- What it was made from.
    post_id uuid not null,
    -- As in post_versions.
    content jsonb not null,
    -- RFC 5545, without its end.
    rule text not null check (length(rule) between 1 and 500),
    -- Local times in time_zone.
    starts_local text not null,
    until_local text,
    time_zone text not null,
    -- Local days without an occurrence.
    except_days text[] not null default '{}' check (cardinality(except_days) <= 366),
    -- The last occurrence that was decided on.
    filled_local text,
    -- No occurrence is left to be made.
    complete boolean not null default false,
    -- Why its next posts could not be made.
    problem text,
    created_at timestamptz not null,
    ended_at timestamptz,
    primary key (workspace_id, series_id),
    foreign key (workspace_id, author_id) references members,
    foreign key (workspace_id, post_id) references posts
);
create index series_with_problem on series (workspace_id) where problem is not null and ended_at is null;

-- Each occurrence is decided on once: a post, or the reason why there is none.
create table series_occurrences (
    workspace_id uuid not null,
    series_id uuid not null,
    -- As the rule says, in the series' zone.
    occurs_local text not null,
    post_id uuid,
    left_out text,
    primary key (workspace_id, series_id, occurs_local),
    unique (workspace_id, post_id),
    foreign key (workspace_id, series_id) references series,
    foreign key (workspace_id, post_id) references posts,
    check ((post_id is null) <> (left_out is null))
);

do $$
declare
    name text;
begin
    foreach name in array array['queues', 'series', 'series_occurrences']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
    end loop;
end
$$;
grant select, insert, update, delete on queues to allin_app;
grant select, insert, update on series to allin_app;
grant select, insert on series_occurrences to allin_app;

-- Series whose next posts are to be made, for all tenants: ids and a time.
create table series_due (
    workspace_id uuid not null,
    series_id uuid not null,
    fill_at timestamptz not null,
    primary key (workspace_id, series_id)
);
create index series_due_at on series_due (fill_at, workspace_id, series_id);

create function series_due_put(p_workspace uuid, p_series uuid, p_fill_at timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into series_due values (p_workspace, p_series, p_fill_at)
      on conflict (workspace_id, series_id) do update set fill_at = excluded.fill_at $$;

create function series_due_drop(p_workspace uuid, p_series uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from series_due where workspace_id = p_workspace and series_id = p_series $$;

-- Takes up to p_limit series whose time has come; each comes again at p_again unless it is put elsewhere.
create function series_due_take(p_now timestamptz, p_again timestamptz, p_limit integer)
    returns table (workspace_id uuid, series_id uuid)
    language sql security definer set search_path = public, pg_temp
as $$
    update series_due d set fill_at = p_again
    from (select c.workspace_id, c.series_id from series_due c where c.fill_at <= p_now
          order by c.fill_at, c.workspace_id, c.series_id limit p_limit for update skip locked) due
    where d.workspace_id = due.workspace_id and d.series_id = due.series_id
    returning d.workspace_id, d.series_id
$$;

do $$
declare
    f regprocedure;
begin
    foreach f in array array['series_due_put(uuid, uuid, timestamptz)', 'series_due_drop(uuid, uuid)',
        'series_due_take(timestamptz, timestamptz, integer)']::regprocedure[]
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
