-- Notifications: what members are told, and the mail that carries it.

create table notifications (
    workspace_id uuid not null,
    notification_id uuid not null,
    member_id uuid not null,
    kind text not null check (kind in ('post_failed', 'post_held', 'outcome_unknown', 'reconnect_needed', 'account_connected')),
    -- What it is about, while that exists.
    account_id uuid,
    post_id uuid,
    code text not null,
    title text not null,
    cause text not null,
    next_step text not null,
    created_at timestamptz not null,
    read_at timestamptz,
    -- Null: no mail is meant to carry it.
    mail text check (mail in ('waiting', 'sent', 'given_up')),
    mail_problem text,
    primary key (workspace_id, notification_id),
    foreign key (workspace_id, member_id) references members,
    check (mail_problem is null or mail = 'given_up')
);
create index notifications_of_member on notifications (workspace_id, member_id, notification_id desc);
create index notifications_unread on notifications (workspace_id, member_id) where read_at is null;

-- Whether a member wants mail for a kind; without a row the kind's default holds.
create table mail_choices (
    workspace_id uuid not null,
    member_id uuid not null,
    kind text not null check (kind in ('post_failed', 'post_held', 'outcome_unknown', 'reconnect_needed', 'account_connected')),
    mail boolean not null,
    primary key (workspace_id, member_id, kind),
    foreign key (workspace_id, member_id) references members
);

do $$
declare
    name text;
begin
    foreach name in array array['notifications', 'mail_choices'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert, update, delete on %I to allin_app', name);
    end loop;
end
$$;

-- Notifications that wait to be mailed, for all tenants: ids and times. Rows of one mail carry its id, which stays the
-- same over all tries.
create table mail_queue (
    workspace_id uuid not null,
    notification_id uuid not null,
    member_id uuid not null,
    mail_id uuid,
    due_at timestamptz not null,
    created_at timestamptz not null,
    lease_until timestamptz,
    tries integer not null default 0,
    primary key (workspace_id, notification_id)
);
create index mail_queue_due on mail_queue (due_at);
create index mail_queue_of_member on mail_queue (workspace_id, member_id, mail_id);

-- Queues for those members whose person has an address; returns the notifications that were queued.
create function mail_put(p_workspace uuid, p_notifications uuid[], p_members uuid[], p_now timestamptz, p_due timestamptz)
    returns table (notification_id uuid)
    language sql security definer set search_path = public, pg_temp
as $$ insert into mail_queue (workspace_id, notification_id, member_id, due_at, created_at)
      select p_workspace, wanted.notification, wanted.member, p_due, p_now
      from unnest(p_notifications, p_members) as wanted (notification, member)
      join person_workspaces w on w.workspace_id = p_workspace and w.member_id = wanted.member
      join persons p on p.person_id = w.person_id and p.email is not null
      returning notification_id $$;

-- Takes up to p_limit mails: whatever waits for a member goes into one. One claimer at a time, so that nobody gets two.
-- p_ids are the ids that new mails get.
create function mail_claim(p_now timestamptz, p_lease_until timestamptz, p_ids uuid[])
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
            where q.due_at <= p_now and (q.lease_until is null or q.lease_until <= p_now)
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

-- A mail is done with, one way or the other.
create function mail_drop(p_workspace uuid, p_mail uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from mail_queue where workspace_id = p_workspace and mail_id = p_mail $$;

create function mail_later(p_workspace uuid, p_mail uuid, p_due timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ update mail_queue set due_at = p_due, lease_until = null, tries = tries + 1
      where workspace_id = p_workspace and mail_id = p_mail $$;

-- What has waited since before p_before: nobody sends mail here.
create function mail_expire(p_workspace uuid, p_before timestamptz) returns table (notification_id uuid)
    language sql security definer set search_path = public, pg_temp
as $$ delete from mail_queue where workspace_id = p_workspace and created_at < p_before returning notification_id $$;

create function mail_health()
    returns table (waiting bigint, oldest timestamptz, retried bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$ select count(*), min(created_at), count(*) filter (where tries > 0) from mail_queue $$;

create function person_email(p_workspace uuid, p_member uuid) returns text
    language sql stable security definer set search_path = public, pg_temp
as $$ select p.email from person_workspaces w join persons p using (person_id)
      where w.workspace_id = p_workspace and w.member_id = p_member $$;

-- `set`, `taken` (another person has the address) or `shared` (the person is in other workspaces too, whose Admins
-- have not been asked).
create function person_set_email(p_workspace uuid, p_member uuid, p_email text) returns text
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    v_person uuid;
begin
    select w.person_id into v_person from person_workspaces w where w.workspace_id = p_workspace and w.member_id = p_member;
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
    f text;
begin
    foreach f in array array['mail_put(uuid, uuid[], uuid[], timestamptz, timestamptz)', 'mail_claim(timestamptz, timestamptz, uuid[])',
        'mail_drop(uuid, uuid)', 'mail_later(uuid, uuid, timestamptz)', 'mail_expire(uuid, timestamptz)', 'mail_health()',
        'person_email(uuid, uuid)', 'person_set_email(uuid, uuid, text)']
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
