-- Invitations, letters (mail to people who need not be members), and who is in which workspace.

-- More words for what is there.
alter table token_hashes
    drop constraint token_hashes_kind_check,
    add constraint token_hashes_kind_check check (kind in ('api_key', 'connect', 'invitation', 'review'));
alter table notification_choices
    drop constraint notification_choices_kind_check,
    add constraint notification_choices_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder', 'members_changed'));
alter table notifications
    drop constraint notifications_kind_check,
    add constraint notifications_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder', 'members_changed'));

create table invitations (
    workspace_id uuid not null references workspaces,
    invitation_id uuid not null,
    -- True: a member's passphrase is set anew. False: somebody joins.
    again boolean not null,
    -- Whose passphrase; for somebody who joins, the member that came of it.
    member_id uuid,
    display_name text not null check (length(display_name) between 1 and 200),
    email text,
    -- The link went to that address and nowhere else: whoever has it reads that mailbox.
    by_mail boolean not null,
    role text not null check (role in ('viewer', 'contributor', 'publisher', 'manager', 'admin')),
    -- Accounts to grant.
    accounts uuid[] not null default '{}',
    invited_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- Wrong passphrases.
    attempts integer not null default 0,
    used_at timestamptz,
    revoked_at timestamptz,
    primary key (workspace_id, invitation_id),
    foreign key (workspace_id, member_id) references members,
    foreign key (workspace_id, invited_by) references members,
    check (member_id is not null or not again and used_at is null),
    check (used_at is null or revoked_at is null)
);

create table letters (
    workspace_id uuid not null references workspaces,
    letter_id uuid not null,
    kind text not null check (kind in ('invitation', 'review')),
    -- What its link leads to: that the link's hash is known for this is what keeps the letter from being useless.
    subject_id uuid not null,
    display_name text not null,
    address text not null,
    title text not null,
    -- Text before and after the link.
    opening text not null,
    closing text not null,
    -- The link without its token.
    page_url text not null,
    -- The token, sealed; forgotten with the letter's end.
    sealed bytea,
    state text not null check (state in ('waiting', 'sent', 'given_up')),
    problem text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (workspace_id, letter_id),
    check ((state = 'waiting') = (sealed is not null))
);
create index letters_of_subject on letters (workspace_id, subject_id);

do $$
declare
    name text;
begin
    foreach name in array array['invitations', 'letters'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert, update, delete on %I to allin_app', name);
    end loop;
end
$$;

-- Letters wait in the queue of mail. One that does is a mail of its own: its id stands for all three ids.
alter table mail_queue add column letter boolean not null default false;

create function letter_put(p_workspace uuid, p_letter uuid, p_now timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into mail_queue (workspace_id, notification_id, member_id, mail_id, due_at, created_at, letter)
      select p_workspace, p_letter, p_letter, p_letter, p_now, p_now, true
      where p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid $$;

drop function mail_claim(timestamptz, timestamptz, uuid[]);
create function mail_claim(p_now timestamptz, p_lease_until timestamptz, p_ids uuid[])
    returns table (workspace_id uuid, member_id uuid, mail_id uuid, notification_id uuid, tries integer, letter boolean)
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
        returning q.workspace_id, q.member_id, q.mail_id, q.notification_id, q.tries, q.letter;
end
$$;

-- People ------------------------------------------------------------------------------------------------------------

-- Whether somebody who reads mail at the address joined with it, or set a passphrase.
alter table persons add column email_proved boolean not null default false;

-- Who has left a workspace is in it no more.
alter table members no force row level security;
delete from person_workspaces w using members m
where m.workspace_id = w.workspace_id and m.member_id = w.member_id and m.removed_at is not null;
alter table members force row level security;

create function person_leave(p_workspace uuid, p_member uuid) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from person_workspaces where workspace_id = p_workspace and member_id = p_member
      and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid $$;

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
    update persons set email = p_email, email_proved = false where person_id = v_person;
    return 'set';
exception when unique_violation then
    return 'taken';
end
$$;

-- Whoever follows a mailed link reads mail at the address. Left alone when another person has it.
create function person_email_prove(p_workspace uuid, p_member uuid, p_email text) returns void
    language sql security definer set search_path = public, pg_temp
as $$ update persons p set email = coalesce(p.email, p_email), email_proved = true
      from person_workspaces w
      where w.workspace_id = p_workspace and w.member_id = p_member and p.person_id = w.person_id
        and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid
        and (p.email is null or lower(p.email) = lower(p_email))
        and not exists (select from persons o where o.email = p_email and o.person_id <> p.person_id) $$;

-- A member's address, whether it was proved, and whether the person is in other workspaces too.
create function person_standing(p_workspace uuid, p_member uuid) returns table (email text, proved boolean, elsewhere boolean)
    language sql stable security definer set search_path = public, pg_temp
as $$ select p.email, p.email_proved,
             exists (select from person_workspaces o where o.person_id = w.person_id and o.workspace_id <> p_workspace)
      from person_workspaces w join persons p using (person_id)
      where w.workspace_id = p_workspace and w.member_id = p_member
        and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid $$;

-- Whom an open invitation's address belongs to, with the present key. Reads invitations as the workspace that was entered.
create function person_invited(p_workspace uuid, p_invitation uuid)
    returns table (person_id uuid, key_id uuid, salt bytea, public_key bytea, locked_until timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$ select p.person_id, k.key_id, k.salt, k.public_key, t.locked_until
      from invitations i
      join persons p on lower(p.email) = lower(i.email)
      left join person_keys k on k.person_id = p.person_id and k.ended_at is null
      left join person_tries t on t.person_id = p.person_id
      where i.workspace_id = p_workspace and i.invitation_id = p_invitation and not i.again
        and i.used_at is null and i.revoked_at is null
      order by p.email = i.email desc, p.person_id limit 1 $$;

-- `person_tried` for whoever is invited.
create function person_invited_tried(p_workspace uuid, p_invitation uuid, p_right boolean, p_now timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    whose uuid;
begin
    select i.person_id into whose from person_invited(p_workspace, p_invitation) i;
    if p_right then
        delete from person_tries where person_id = whose;
    elsif whose is not null then
        insert into person_tries as t values (whose, 1, null)
        on conflict (person_id) do update set failed = t.failed + 1,
            locked_until = case when t.failed >= 4 then p_now + least(interval '1 hour', interval '1 minute' * 2 ^ least(t.failed - 4, 6)) end;
    end if;
end
$$;

-- Ends the protocol sessions of a member, whichever key opened them. The caller passes `ws_…/mbr_…` as sessions carry it.
create function sessions_drop_of(p_member text) returns void
    language sql security definer set search_path = public, pg_temp
as $$ delete from protocol_sessions where owner_key = p_member or starts_with(owner_key, p_member || '/') $$;

do $$
declare
    f text;
begin
    foreach f in array array['letter_put(uuid, uuid, timestamptz)', 'mail_claim(timestamptz, timestamptz, uuid[])',
        'person_leave(uuid, uuid)', 'person_email_prove(uuid, uuid, text)', 'person_standing(uuid, uuid)',
        'person_invited(uuid, uuid)', 'person_invited_tried(uuid, uuid, boolean, timestamptz)', 'sessions_drop_of(text)']
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;
