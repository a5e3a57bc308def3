-- Control over what is to go out: pauses of an account, a campaign or a tag beside that of the workspace, and the lock
-- between pausing and arming.

-- Exists while the pause lasts; the audit log remembers it afterwards. That of the whole workspace is in `workspaces`.
create table pauses (
    workspace_id uuid not null references workspaces,
    pause_id uuid not null,
    -- One of the three says what is paused.
    account_id uuid,
    campaign_id uuid,
    tag text,
    reason text not null check (length(reason) between 1 and 500),
    -- Who paused, as in the audit log.
    actor text not null,
    created_at timestamptz not null,
    primary key (workspace_id, pause_id),
    unique nulls not distinct (workspace_id, account_id, campaign_id, tag),
    foreign key (workspace_id, account_id) references accounts,
    foreign key (workspace_id, campaign_id) references campaigns,
    check (num_nonnulls(account_id, campaign_id, tag) = 1)
);
alter table pauses enable row level security;
alter table pauses force row level security;
create policy tenant on pauses using (workspace_id = nullif(current_setting('allin.workspace_id', true), '')::uuid);
grant select, insert, delete on pauses to allin_app;

alter table workspaces add column paused_by text;

-- Texts that public messages are to get; a row exists until the network has it or has refused it.
create table edits (
    workspace_id uuid not null,
    target_id uuid not null,
    ordinal integer not null,
    text text not null,
    actor text not null,
    created_at timestamptz not null,
    primary key (workspace_id, target_id, ordinal),
    foreign key (workspace_id, target_id, ordinal) references segments on delete cascade
);
alter table edits enable row level security;
alter table edits force row level security;
create policy tenant on edits using (workspace_id = nullif(current_setting('allin.workspace_id', true), '')::uuid);
grant select, insert, delete on edits to allin_app;

-- What is under way or not known, among all that ever was.
create index attempts_open on attempts (workspace_id, target_id) where state in ('armed', 'unknown');

-- Whoever arms holds it shared until commit, whoever pauses holds it alone. It is fair, which a lock on the
-- workspace's row is not: there one arming after the other would share the row and keep the pause waiting for as long
-- as anything is due.
create function sending_lock(p_workspace uuid) returns bigint
    language sql immutable set search_path = public, pg_temp
as $$ select hashtextextended('sending ' || p_workspace::text, 0) $$;

create function pause_takes_hold() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(sending_lock(new.workspace_id));
    return new;
end
$$;
create trigger pause_takes_hold before insert on pauses for each row execute function pause_takes_hold();
create trigger pause_takes_hold before update of paused_at on workspaces for each row
    when (new.paused_at is not null and old.paused_at is null) execute function pause_takes_hold();

create or replace function attempt_may_arm() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
declare
    reason text;
begin
    -- In a statement of its own: the next one's view of the data begins after the lock is held. A pause that was
    -- granted before is seen there, and one that is granted later sees this attempt.
    perform pg_advisory_xact_lock_shared(sending_lock(new.workspace_id));
    select case
        when w.paused_at is not null then 'the workspace is paused'
        when exists (select from pauses s where s.workspace_id = t.workspace_id and (s.account_id = t.account_id
                     or s.campaign_id = p.campaign_id or s.tag = any (p.tags))) then 'it is paused'
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
    for share of p, a;
    if not found then
        raise exception 'no such target' using errcode = '23503';
    end if;
    if reason is not null then
        raise exception 'must not be sent: %', reason using errcode = '23514', constraint = 'attempt_may_arm';
    end if;
    return new;
end
$$;

revoke execute on function sending_lock(uuid), pause_takes_hold() from public;
grant execute on function sending_lock(uuid), pause_takes_hold() to allin_app;
