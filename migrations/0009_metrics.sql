-- Figures of published posts and of accounts, what is to be collected when, and the recycling of evergreen posts.

-- Numbers the claims of all accounts over all time, as dispatch_fence does for targets.
create sequence metric_fence;

-- Which account is looked at next, for all tenants: the collector's queue. Ids, times and the lease, no content.
-- Publishing does not touch it: what became public is found when its account is looked at.
create table metric_dispatch (
    workspace_id uuid not null,
    account_id uuid not null,
    due_at timestamptz not null,
    lease_until timestamptz,
    -- Numbers the claim; a collector that lost it writes nothing.
    fence bigint not null,
    primary key (workspace_id, account_id)
);
create index metric_dispatch_due on metric_dispatch (due_at, workspace_id, account_id);

-- How collecting goes on an account.
create table metric_accounts (
    workspace_id uuid not null,
    account_id uuid not null,
    tried_at timestamptz not null,
    -- The last answer with figures of posts or of the account.
    collected_at timestamptz,
    -- When the account's own figures were last asked for.
    figures_at timestamptz,
    -- In a row; 0 after an answer.
    failures integer not null default 0 check (failures >= 0),
    problem text,
    primary key (workspace_id, account_id),
    foreign key (workspace_id, account_id) references accounts
);

-- A public target: when to ask for its figures next, and what the last answers come to.
create table metric_targets (
    workspace_id uuid not null,
    target_id uuid not null,
    account_id uuid not null,
    published_at timestamptz not null,
    -- Null: not any more.
    next_at timestamptz,
    -- The last answer, whatever it said.
    collected_at timestamptz,
    -- The last answer that had an engagement.
    measured_at timestamptz,
    impressions bigint,
    reach bigint,
    engagement bigint,
    -- Some figure that counts was missing: the engagement is at least that.
    partial boolean not null default false,
    -- The engagement of its first day, as far as it was asked for at that age.
    engagement_first_day bigint,
    primary key (workspace_id, target_id),
    foreign key (workspace_id, target_id) references targets on delete cascade,
    check ((engagement is null) = (measured_at is null))
);
create index metric_targets_due on metric_targets (workspace_id, account_id, next_at) where next_at is not null;
create index metric_targets_of_account on metric_targets (workspace_id, account_id, published_at);

-- One figure of one message at one time. Zero is a value; no value has a reason.
create table metric_samples (
    workspace_id uuid not null,
    target_id uuid not null,
    ordinal integer not null check (ordinal >= 0),
    metric text not null check (length(metric) between 1 and 60),
    collected_at timestamptz not null,
    -- The instant that the network says the figure is of.
    as_of timestamptz not null,
    value bigint,
    absence text check (absence in ('missing', 'unsupported')),
    -- Who said so: network and server.
    source text not null check (length(source) between 1 and 300),
    primary key (workspace_id, target_id, ordinal, metric, collected_at),
    foreign key (workspace_id, target_id) references targets on delete cascade,
    check ((value is null) = (absence is not null))
);

-- The same for an account.
create table account_samples (
    workspace_id uuid not null,
    account_id uuid not null,
    metric text not null check (length(metric) between 1 and 60),
    collected_at timestamptz not null,
    as_of timestamptz not null,
    value bigint,
    absence text check (absence in ('missing', 'unsupported')),
    source text not null check (length(source) between 1 and 300),
    primary key (workspace_id, account_id, metric, collected_at),
    foreign key (workspace_id, account_id) references accounts,
    check ((value is null) = (absence is not null))
);

-- Recycling -------------------------------------------------------------------------------------------------------

alter table posts
    -- May go out again.
    add column evergreen boolean not null default false,
    -- The post that this one is a copy of.
    add column recycled_from uuid,
    add foreign key (workspace_id, recycled_from) references posts;
create index posts_evergreen on posts (workspace_id, post_id) where evergreen and deleted_at is null;

create table recycling_rules (
    workspace_id uuid not null,
    account_id uuid not null,
    enabled boolean not null,
    min_age_days integer not null check (min_age_days between 1 and 3650),
    window_days integer not null check (window_days between 1 and 3650),
    per_week integer not null check (per_week between 1 and 7),
    candidates integer not null check (candidates between 1 and 100),
    -- Who set it last, and stands for what it does.
    member_id uuid not null,
    updated_at timestamptz not null,
    primary key (workspace_id, account_id),
    foreign key (workspace_id, account_id) references accounts,
    foreign key (workspace_id, member_id) references members
);

-- What was recycled. The number makes each exist once, however many processes try.
create table recyclings (
    workspace_id uuid not null,
    account_id uuid not null,
    number integer not null check (number > 0),
    source_post_id uuid not null,
    post_id uuid not null,
    planned_for timestamptz not null,
    created_at timestamptz not null,
    primary key (workspace_id, account_id, number),
    unique (workspace_id, post_id),
    foreign key (workspace_id, account_id) references recycling_rules,
    foreign key (workspace_id, source_post_id) references posts,
    foreign key (workspace_id, post_id) references posts
);

do $$
declare
    name text;
begin
    foreach name in array array['metric_accounts', 'metric_targets', 'metric_samples', 'account_samples',
        'recycling_rules', 'recyclings']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert, update, delete on %I to allin_app', name);
    end loop;
end
$$;
-- What was recycled stays known.
revoke update, delete on recyclings from allin_app;

-- Functions ---------------------------------------------------------------------------------------------------------

-- A message became public: its target is measured from now on. The first time to ask is the first step of
-- `model::metrics::next_collection`.
create function segment_published() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    insert into metric_targets (workspace_id, target_id, account_id, published_at, next_at)
    select t.workspace_id, t.target_id, t.account_id, new.published_at, new.published_at + interval '1 hour'
    from targets t where t.workspace_id = new.workspace_id and t.target_id = new.target_id
    on conflict (workspace_id, target_id) do nothing;
    return null;
end
$$;
create trigger segment_published after update on segments for each row
    when (old.remote is null and new.remote is not null and new.published_at is not null)
    execute function segment_published();

create function account_connected() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into metric_dispatch values (new.workspace_id, new.account_id, new.created_at, null, nextval('metric_fence'));
    return null;
end
$$;
create trigger account_connected after insert on accounts for each row execute function account_connected();

-- Takes up to p_limit due accounts whose lease is free. Skips what another collector is taking at this moment.
create function metric_claim(p_now timestamptz, p_lease_until timestamptz, p_limit integer)
    returns table (workspace_id uuid, account_id uuid, fence bigint)
    language sql security definer set search_path = public, pg_temp
as $$
    update metric_dispatch d set lease_until = p_lease_until, fence = nextval('metric_fence')
    from (select c.workspace_id, c.account_id from metric_dispatch c
          where c.due_at <= p_now and (c.lease_until is null or c.lease_until <= p_now)
          order by c.due_at, c.workspace_id, c.account_id limit p_limit for update skip locked) due
    where d.workspace_id = due.workspace_id and d.account_id = due.account_id
    returning d.workspace_id, d.account_id, d.fence
$$;

-- Gives the claim back, to be taken again at p_due; false when it was lost. The row stays locked until the end.
create function metric_release(p_workspace uuid, p_account uuid, p_fence bigint, p_due timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with moved as (update metric_dispatch set due_at = p_due, lease_until = null
                     where workspace_id = p_workspace and account_id = p_account and fence = p_fence returning 1)
      select exists (select from moved) $$;

do $$
declare
    f regprocedure;
begin
    foreach f in array array['segment_published()', 'account_connected()',
        'metric_claim(timestamptz, timestamptz, integer)', 'metric_release(uuid, uuid, bigint, timestamptz)']::regprocedure[]
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;

-- What was connected and published before is measured too.
do $$
declare
    w uuid;
begin
    for w in select distinct workspace_id from person_workspaces loop
        perform tenant_enter(w, null, null, now());
        insert into metric_dispatch
            select workspace_id, account_id, now(), null, nextval('metric_fence') from accounts where workspace_id = w;
        insert into metric_targets (workspace_id, target_id, account_id, published_at, next_at)
            select t.workspace_id, t.target_id, t.account_id, min(s.published_at), now()
            from targets t join segments s using (workspace_id, target_id)
            where t.workspace_id = w and s.remote is not null and s.published_at > now() - interval '1 year'
            group by 1, 2, 3;
    end loop;
end
$$;
