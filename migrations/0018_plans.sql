-- Plans and credits: what a workspace may use, counted where concurrent requests meet.

-- A workspace without a row is without limits.
create table workspace_plans (
    workspace_id uuid primary key references workspaces,
    plan text not null check (plan in ('starter', 'professional', 'team', 'enterprise')),
    set_at timestamptz not null
);

-- Credits beyond the plan's, for every month from the first to the last. Months are UTC: `2026-12`.
create table credit_packs (
    workspace_id uuid not null references workspaces,
    pack_id uuid not null,
    credits integer not null check (credits > 0),
    first_month text not null check (first_month ~ '^\d{4}-\d{2}$'),
    -- Null: until somebody ends it.
    last_month text check (last_month ~ '^\d{4}-\d{2}$'),
    created_at timestamptz not null,
    primary key (workspace_id, pack_id)
);

-- What a month has cost, and what is set aside for work under way. The row is where concurrent requests meet.
create table credit_months (
    workspace_id uuid not null references workspaces,
    month text not null check (month ~ '^\d{4}-\d{2}$'),
    used bigint not null check (used >= 0),
    held bigint not null check (held >= 0),
    primary key (workspace_id, month)
);

-- Credits set aside before work begins; then spent, released, or expired when nobody came back.
create table credit_reservations (
    workspace_id uuid not null,
    reservation_id uuid not null,
    month text not null,
    credits integer not null check (credits > 0),
    state text not null check (state in ('held', 'spent', 'released', 'expired')),
    spent integer not null default 0 check (spent between 0 and credits),
    purpose text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    primary key (workspace_id, reservation_id),
    foreign key (workspace_id, month) references credit_months,
    check ((state = 'held') = (ended_at is null))
);
create index credit_reservations_held on credit_reservations (workspace_id, expires_at) where state = 'held';

do $$
declare
    name text;
begin
    foreach name in array array['workspace_plans', 'credit_packs', 'credit_months', 'credit_reservations'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
    end loop;
end
$$;
grant select, insert, update on workspace_plans, credit_packs, credit_months to allin_app;
grant select, insert, update, delete on credit_reservations to allin_app;

-- The numbers of the plans, as in src/model/plans.rs; null is without limit.
create function plan_number(p_plan text, p_limit text) returns bigint
    language sql immutable set search_path = public, pg_temp
as $$ select n from (values
        ('starter', 'users', 1), ('starter', 'accounts', 5), ('starter', 'credits', 30),
        ('professional', 'users', 3), ('professional', 'accounts', 15), ('professional', 'credits', 500),
        ('team', 'users', 10), ('team', 'accounts', 50), ('team', 'credits', 2000)) as known (plan, what, n)
      where plan = p_plan and what = p_limit $$;

-- What is in use, each said in one place only.
create function plan_users(p_workspace uuid) returns bigint
    language sql stable set search_path = public, pg_temp
as $$ select count(*) from members where workspace_id = p_workspace and removed_at is null $$;

create function plan_accounts(p_workspace uuid) returns bigint
    language sql stable set search_path = public, pg_temp
as $$ select count(*) from accounts where workspace_id = p_workspace and status <> 'disconnected' $$;

create function plan_packs(p_workspace uuid, p_month text) returns bigint
    language sql stable set search_path = public, pg_temp
as $$ select coalesce(sum(credits), 0) from credit_packs
      where workspace_id = p_workspace and first_month <= p_month and (last_month is null or last_month >= p_month) $$;

-- Credits of a month, packs included; null is without limit.
create function plan_credits(p_workspace uuid, p_month text) returns bigint
    language sql stable set search_path = public, pg_temp
as $$ select (select plan_number(plan, 'credits') from workspace_plans where workspace_id = p_workspace)
           + plan_packs(p_workspace, p_month) $$;

-- Whoever adds a user or an account has the plan's row, so that two do not both take the last place. What is there stays
-- whatever the plan says: only more is refused.
create function plan_holds() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
declare
    v_plan text;
    v_limit bigint;
    v_used bigint;
begin
    select plan into v_plan from workspace_plans where workspace_id = new.workspace_id for update;
    v_limit := plan_number(v_plan, tg_argv[0]);
    -- A statement that renews an account comes as an insert, too.
    if tg_argv[0] = 'accounts' and tg_op = 'INSERT' then
        if exists (select from accounts a where a.workspace_id = new.workspace_id and a.account_id = new.account_id
                   and a.status <> 'disconnected')
        then
            return new;
        end if;
    end if;
    v_used := case tg_argv[0] when 'users' then plan_users(new.workspace_id) else plan_accounts(new.workspace_id) end;
    if v_used >= v_limit then
        raise exception 'the plan % has % %', v_plan, v_limit, tg_argv[0] using errcode = '23514', constraint = 'plan_limit';
    end if;
    return new;
end
$$;
create trigger plan_holds_users before insert on members
    for each row when (new.removed_at is null) execute function plan_holds('users');
create trigger plan_holds_returning_users before update of removed_at on members
    for each row when (old.removed_at is not null and new.removed_at is null) execute function plan_holds('users');
create trigger plan_holds_accounts before insert on accounts
    for each row when (new.status <> 'disconnected') execute function plan_holds('accounts');
create trigger plan_holds_returning_accounts before update of status on accounts
    for each row when (old.status = 'disconnected' and new.status <> 'disconnected') execute function plan_holds('accounts');

create function plan_holds_credits() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if new.used + new.held > plan_credits(new.workspace_id, new.month) then
        raise exception 'the plan has no more credits in %', new.month using errcode = '23514', constraint = 'plan_limit';
    end if;
    return new;
end
$$;
create trigger plan_holds_first_credits before insert on credit_months
    for each row when (new.used + new.held > 0) execute function plan_holds_credits();
create trigger plan_holds_credits before update on credit_months
    for each row when (new.used + new.held > old.used + old.held) execute function plan_holds_credits();

-- Inside one tenant's transaction ------------------------------------------------------------------------------------

-- Functions with the owner's rights lead to the tables of all tenants. Inside a tenant's transaction they, too, reach that
-- tenant's rows only; outside of any (jobs that look for work, doors that look for the tenant) they reach all.
create function own_or_none(p_workspace uuid) returns boolean
    language sql stable set search_path = public, pg_temp
as $$ select coalesce(nullif(current_setting('allin.workspace_id', true), '')::uuid = p_workspace, true) $$;

do $$
declare
    name text;
begin
    foreach name in array array['audit_pending', 'dispatch', 'mail_queue', 'metric_dispatch', 'series_due', 'token_hashes'] loop
        continue when to_regclass(name) is null;
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        -- The setting is read once a statement, not once a row: these are the queues.
        execute format('create policy own_or_none on %I using (
            (select nullif(current_setting(''allin.workspace_id'', true), '''')) is null
            or workspace_id = (select nullif(current_setting(''allin.workspace_id'', true), '''')::uuid))', name);
    end loop;
end
$$;

-- Which workspaces a person is in has no policy, because setting an address must see the others.
create or replace function person_join(p_person uuid, p_workspace uuid, p_member uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into person_workspaces select p_person, p_workspace, p_member where own_or_none(p_workspace)
      on conflict (person_id, workspace_id) do nothing $$;

create or replace function person_workspaces_of(p_person uuid) returns table (workspace_id uuid, member_id uuid)
    language sql stable security definer set search_path = public, pg_temp
as $$ select workspace_id, member_id from person_workspaces where person_id = p_person and own_or_none(workspace_id)
      order by workspace_id $$;

create or replace function workspaces_all(p_after uuid, p_limit integer) returns table (workspace_id uuid)
    language sql stable security definer set search_path = public, pg_temp
as $$ select distinct workspace_id from person_workspaces
      where (p_after is null or workspace_id > p_after) and own_or_none(workspace_id)
      order by workspace_id limit p_limit $$;

create or replace function person_email(p_workspace uuid, p_member uuid) returns text
    language sql stable security definer set search_path = public, pg_temp
as $$ select p.email from person_workspaces w join persons p using (person_id)
      where w.workspace_id = p_workspace and w.member_id = p_member and own_or_none(p_workspace) $$;

create or replace function person_set_email(p_workspace uuid, p_member uuid, p_email text) returns text
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v_person uuid;
begin
    select w.person_id into v_person from person_workspaces w
    where w.workspace_id = p_workspace and w.member_id = p_member and own_or_none(p_workspace);
    if exists (select from person_workspaces w where w.person_id = v_person and w.workspace_id <> p_workspace) then
        return 'shared';
    end if;
    update persons set email = p_email where person_id = v_person;
    return 'set';
exception when unique_violation then
    return 'taken';
end
$$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p
             where p.pronamespace = 'public'::regnamespace and (p.proname like 'plan\_%' or p.proname = 'own_or_none')
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
