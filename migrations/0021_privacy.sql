-- Personal data: how long it is kept, who agreed to what, and the little that erasing it takes beyond the application's
-- rights. What is needed as proof (audit entries, decisions, receipts, attempts) is never removed; words and names are.

-- Without a row a kind's default holds (src/model/privacy/retention.rs).
create table retention_rules (
    workspace_id uuid not null references workspaces,
    kind text not null check (kind in ('notifications', 'invitations', 'comments', 'tasks', 'metric_samples',
                                       'audit_openings', 'deleted_posts')),
    -- Null: kept for good.
    days integer check (days between 1 and 36500),
    set_at timestamptz not null,
    primary key (workspace_id, kind)
);

-- What a run removed, by kind. At most one a day, unless more was left than one run removes.
create table retention_runs (
    workspace_id uuid not null references workspaces,
    run_id uuid not null,
    ran_at timestamptz not null,
    removed jsonb not null,
    -- False: more was left.
    complete boolean not null,
    primary key (workspace_id, run_id)
);
create index retention_runs_latest on retention_runs (workspace_id, ran_at desc);

-- Written once: a withdrawal is a row of its own.
create table consents (
    workspace_id uuid not null,
    consent_id uuid not null,
    member_id uuid not null,
    purpose text not null check (purpose in ('processing')),
    -- The text that was shown: its version, and SHA-256 of it.
    text_version integer not null,
    text_hash bytea not null check (length(text_hash) = 32),
    given boolean not null,
    at timestamptz not null,
    -- By which act: the use case, the door, and the request.
    act text not null,
    origin text not null,
    request_id uuid not null,
    -- Until when it is to be asked for again; null for a withdrawal.
    renew_by timestamptz,
    primary key (workspace_id, consent_id),
    foreign key (workspace_id, member_id) references members,
    check (given = (renew_by is not null))
);
create index consents_of_member on consents (workspace_id, member_id, consent_id desc);

do $$
declare
    name text;
begin
    foreach name in array array['retention_rules', 'retention_runs', 'consents'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert on %I to allin_app', name);
    end loop;
end
$$;
grant update on retention_rules to allin_app;

-- What is left of an erased workspace is this row and the audit log, which names nobody.
alter table workspaces add column erased_at timestamptz;
-- The words of a deleted post are gone.
alter table posts add column forgotten_at timestamptz;

-- What the installation knows of a member's person, for whoever exports it. No key: of keys only that they were there.
create function person_record(p_workspace uuid, p_member uuid) returns jsonb
    language sql stable security definer set search_path = public, pg_temp
as $$ select jsonb_build_object(
          'person_id', p.person_id, 'display_name', p.display_name, 'email', p.email, 'email_proved', p.email_proved,
          'created_at', p.created_at,
          'keys', (select coalesce(jsonb_agg(jsonb_build_object('key_id', k.key_id, 'created_at', k.created_at, 'ended_at', k.ended_at)
                                             order by k.created_at), '[]'::jsonb) from person_keys k where k.person_id = p.person_id),
          'failed_tries', coalesce((select t.failed from person_tries t where t.person_id = p.person_id), 0),
          'locked_until', (select t.locked_until from person_tries t where t.person_id = p.person_id))
      from person_workspaces w join persons p using (person_id)
      where w.workspace_id = p_workspace and w.member_id = p_member
        and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid $$;

-- For the decider only, from here on to the end of the workspace: whoever erases has proved to be a person.

-- Makes the person behind a membership nameless. Somebody who is in other workspaces keeps what is there: then the
-- membership gets a nameless person of its own (p_blank). Keys stay, so that signatures can be checked, and work no more.
-- Returns the address that the person had.
create function person_erase(p_workspace uuid, p_member uuid, p_blank uuid, p_now timestamptz) returns text
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    whose uuid;
    v_email text;
begin
    select m.person_id into whose from members m
    where m.workspace_id = p_workspace and m.member_id = p_member
      and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid;
    if whose is null then
        return null;
    end if;
    select p.email into v_email from persons p where p.person_id = whose;
    delete from person_workspaces w where w.workspace_id = p_workspace and w.member_id = p_member;
    if exists (select from person_workspaces w where w.person_id = whose) then
        insert into persons values (p_blank, 'Erased member', null, p_now, false);
        update members set person_id = p_blank where workspace_id = p_workspace and member_id = p_member;
    else
        update persons set display_name = 'Erased member', email = null, email_proved = false where person_id = whose;
        update person_keys set ended_at = p_now where person_id = whose and ended_at is null;
        delete from person_tries where person_id = whose;
    end if;
    return v_email;
end
$$;

-- Words beside what was decided: comments on decisions, why a freeze or a crisis was begun, notes on one. The decisions stay
-- as they are.
create function person_words_erase(p_workspace uuid, p_member uuid, p_reviewer uuid, p_actor text) returns bigint
    language sql security definer set search_path = public, pg_temp
as $$ with comments as (
          update approval_decisions set comment = null
          where workspace_id = p_workspace and comment is not null and (member_id = p_member or reviewer_id = p_reviewer)
            and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid
          returning 1
      ), freezes as (
          update approval_freezes set reason = 'erased'
          where workspace_id = p_workspace and reason <> 'erased'
            and (started_by = p_actor or starts_with(started_by, p_actor || '/'))
            and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid
          returning 1
      ), crises as (
          update incidents set reason = 'erased'
          where workspace_id = p_workspace and reason <> 'erased'
            and (started_by = p_actor or starts_with(started_by, p_actor || '/'))
            and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid
          returning 1
      ), notes as (
          update incident_notes set text = 'erased'
          where workspace_id = p_workspace and text <> 'erased' and (actor = p_actor or starts_with(actor, p_actor || '/'))
            and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid
          returning 1
      )
      select (select count(*) from comments) + (select count(*) from freezes) + (select count(*) from crises)
           + (select count(*) from notes) $$;

-- Name and address of a reviewer who was removed.
create function reviewer_erase(p_workspace uuid, p_reviewer uuid) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$ with erased as (
          update reviewers set name = 'Erased reviewer', email = 'erased'
          where workspace_id = p_workspace and reviewer_id = p_reviewer and removed_at is not null
            and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid
          returning 1
      )
      select exists (select from erased) $$;

-- Everything of a workspace but its audit log. p_key is the workspace's id as sessions carry it.
create function workspace_erase(p_workspace uuid, p_key text, p_now timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    name text;
    people uuid[];
begin
    if p_workspace is distinct from nullif(current_setting('allin.workspace_id', true), '')::uuid then
        raise exception 'this is another workspace' using errcode = '42501';
    end if;
    -- Nothing is armed meanwhile; a message under way would have nowhere to be written down.
    perform pg_advisory_xact_lock(sending_lock(p_workspace));
    if exists (select from attempts where workspace_id = p_workspace and state = 'armed') then
        raise exception 'a message is under way' using errcode = '23514', constraint = 'workspace_erase';
    end if;
    select array_agg(m.person_id) into people from members m where m.workspace_id = p_workspace;
    delete from protocol_sessions where starts_with(owner_key, p_key || '/');
    -- What refers to others first.
    foreach name in array array['dispatch', 'metric_dispatch', 'series_due', 'lanes', 'mail_queue', 'token_hashes',
        'incident_notes', 'incident_attempts', 'incidents', 'review_links', 'approval_decisions', 'approval_delegations',
        'approval_turns', 'approval_requests',
        'approval_steps', 'approval_policies', 'approval_freezes', 'reviewers', 'letters', 'invitations', 'consents',
        'retention_rules', 'retention_runs', 'notifications', 'notification_choices', 'tasks', 'post_comments',
        'import_rows', 'recyclings', 'recycling_rules', 'series_occurrences', 'series', 'pauses', 'edits', 'receipts',
        'metric_samples', 'metric_targets', 'account_samples', 'metric_accounts', 'attempts', 'segments', 'targets',
        'post_versions', 'posts', 'queues', 'connect_requests', 'account_grants', 'accounts', 'asset_chunks', 'assets',
        'campaigns', 'api_keys', 'idempotency', 'spent_confirmations', 'audit_openings', 'credit_reservations',
        'credit_months', 'credit_packs', 'workspace_plans', 'members', 'person_workspaces']
    loop
        execute format('delete from %I where workspace_id = $1', name) using p_workspace;
    end loop;
    update workspaces set name = 'Erased workspace', paused_reason = null, paused_by = null, erased_at = p_now
    where workspace_id = p_workspace;
    -- Who is in no other workspace.
    update persons p set display_name = 'Erased member', email = null, email_proved = false
    where p.person_id = any (people) and not exists (select from person_workspaces w where w.person_id = p.person_id);
    update person_keys k set ended_at = p_now
    where k.person_id = any (people) and k.ended_at is null
      and not exists (select from person_workspaces w where w.person_id = k.person_id);
    delete from person_tries t
    where t.person_id = any (people) and not exists (select from person_workspaces w where w.person_id = t.person_id);
end
$$;

-- For the house: the words of posts that were deleted before, of which nothing was ever sent or put before somebody to
-- decide on. The rows stay.
create function posts_forget(p_workspace uuid, p_before timestamptz, p_now timestamptz, p_limit integer) returns bigint
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    gone uuid[];
begin
    if p_workspace is distinct from nullif(current_setting('allin.workspace_id', true), '')::uuid then
        return 0;
    end if;
    select array_agg(d.post_id) into gone from (
        select p.post_id from posts p
        where p.workspace_id = p_workspace and p.deleted_at < p_before and p.forgotten_at is null
          and not exists (select from targets t join attempts a using (workspace_id, target_id)
                          where t.workspace_id = p.workspace_id and t.post_id = p.post_id)
          and not exists (select from approval_requests r where r.workspace_id = p.workspace_id and r.post_id = p.post_id)
          and not exists (select from receipts r where r.workspace_id = p.workspace_id and r.post_id = p.post_id)
        order by p.post_id limit p_limit for update skip locked
    ) d;
    update post_versions set content = '{"title": null, "segments": [], "variants": [], "account_ids": []}'
    where workspace_id = p_workspace and post_id = any (gone);
    update segments s set text = '', media = '[]', prepared = null, sketch = null
    from targets t
    where t.workspace_id = p_workspace and t.post_id = any (gone) and s.workspace_id = p_workspace and s.target_id = t.target_id;
    update posts set title = null, excerpt = '', tags = '{}', forgotten_at = p_now
    where workspace_id = p_workspace and post_id = any (gone);
    return coalesce(cardinality(gone), 0);
end
$$;
create index posts_deleted on posts (workspace_id, deleted_at) where deleted_at is not null and forgotten_at is null;

do $$
declare
    f text;
begin
    foreach f in array array['person_record(uuid, uuid)', 'posts_forget(uuid, timestamptz, timestamptz, integer)'] loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
    foreach f in array array['person_erase(uuid, uuid, uuid, timestamptz)', 'person_words_erase(uuid, uuid, uuid, text)',
        'reviewer_erase(uuid, uuid)', 'workspace_erase(uuid, text, timestamptz)']
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_decider', f);
    end loop;
end
$$;
