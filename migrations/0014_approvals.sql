-- Approvals: who must agree to what before it is sent, and who did. What is written here about people's decisions is
-- written by allin_decider only; the application reads it. The condition to send is computed from what will be sent, not
-- from what the application noted about it.

-- Part of the posts, and how they are approved. Changing one means ending it and making another.
create table approval_policies (
    workspace_id uuid not null references workspaces,
    policy_id uuid not null,
    name text not null check (length(name) between 1 and 100),
    -- A post must fit in all that are given; null: any does.
    account_ids uuid[] check (cardinality(account_ids) > 0),
    tags text[] check (cardinality(tags) > 0),
    contents text[] check (cardinality(contents) > 0 and contents <@ array['text', 'image', 'video', 'thread', 'link']),
    -- How far from the times that were asked for an approval still counts.
    window_minutes integer not null check (window_minutes between 0 and 525600),
    -- Whether authors may approve what they wrote.
    own_allowed boolean not null,
    created_by uuid not null,
    created_at timestamptz not null,
    ended_by uuid,
    ended_at timestamptz,
    primary key (workspace_id, policy_id),
    foreign key (workspace_id, created_by) references members,
    foreign key (workspace_id, ended_by) references members,
    check ((ended_at is null) = (ended_by is null))
);
create index approval_policies_in_force on approval_policies (workspace_id) where ended_at is null;

create table approval_steps (
    workspace_id uuid not null,
    policy_id uuid not null,
    ordinal integer not null check (ordinal between 1 and 10),
    -- Either whoever has at least this role, or the named ones.
    role text check (role in ('contributor', 'publisher', 'manager', 'admin')),
    member_ids uuid[] not null default '{}',
    reviewer_ids uuid[] not null default '{}',
    need text not null check (need in ('any', 'all')),
    deadline_hours integer check (deadline_hours between 1 and 8760),
    -- Who may decide in their place once the deadline has passed.
    escalate_to text check (escalate_to in ('manager', 'admin')),
    primary key (workspace_id, policy_id, ordinal),
    foreign key (workspace_id, policy_id) references approval_policies,
    check ((role is null) = (cardinality(member_ids) + cardinality(reviewer_ids) > 0)),
    check (escalate_to is null or deadline_hours is not null)
);

-- Approval for everything, for a while. Anybody may begin it; ending it takes a decision.
create table approval_freezes (
    workspace_id uuid not null references workspaces,
    freeze_id uuid not null,
    reason text not null check (length(reason) between 1 and 500),
    started_by text not null,
    started_at timestamptz not null,
    until timestamptz not null,
    ended_by uuid,
    ended_at timestamptz,
    primary key (workspace_id, freeze_id),
    foreign key (workspace_id, ended_by) references members,
    check (until > started_at)
);
create index approval_freezes_in_force on approval_freezes (workspace_id) where ended_at is null;

-- People outside who approve by links that are mailed to them.
create table reviewers (
    workspace_id uuid not null references workspaces,
    reviewer_id uuid not null,
    name text not null check (length(name) between 1 and 200),
    email text not null check (length(email) between 3 and 320),
    created_by uuid not null,
    created_at timestamptz not null,
    removed_at timestamptz,
    primary key (workspace_id, reviewer_id),
    foreign key (workspace_id, created_by) references members
);
create unique index reviewers_present on reviewers (workspace_id, email) where removed_at is null;

create table approval_requests (
    workspace_id uuid not null,
    request_id uuid not null,
    post_id uuid not null,
    version integer not null,
    -- `post_digest` of what is to be approved.
    digest bytea not null check (length(digest) = 32),
    -- When it may go out.
    not_before timestamptz not null,
    not_after timestamptz not null,
    state text not null check (state in ('open', 'approved', 'changes_requested', 'rejected', 'void', 'withdrawn')),
    requested_by text not null,
    note text,
    created_at timestamptz not null,
    ended_at timestamptz,
    primary key (workspace_id, request_id),
    foreign key (workspace_id, post_id) references posts,
    check (not_before <= not_after),
    check ((state = 'open') = (ended_at is null))
);
create unique index approval_requests_open on approval_requests (workspace_id, post_id) where state = 'open';
create index approval_requests_of_post on approval_requests (workspace_id, post_id, created_at desc);

-- Steps whose turn it is or was, with their deadlines. Says who is told when; not who may decide.
create table approval_turns (
    workspace_id uuid not null,
    request_id uuid not null,
    policy_id uuid not null,
    ordinal integer not null,
    opened_at timestamptz not null,
    deadline_at timestamptz,
    reminded_at timestamptz,
    escalated_at timestamptz,
    primary key (workspace_id, request_id, policy_id, ordinal),
    foreign key (workspace_id, request_id) references approval_requests
);
create index approval_turns_waiting on approval_turns (workspace_id, deadline_at) where deadline_at is not null;

create table approval_delegations (
    workspace_id uuid not null,
    request_id uuid not null,
    policy_id uuid not null,
    ordinal integer not null,
    from_member uuid not null,
    to_member uuid not null,
    delegated_by uuid not null,
    delegated_at timestamptz not null,
    primary key (workspace_id, request_id, policy_id, ordinal, from_member),
    foreign key (workspace_id, request_id) references approval_requests,
    foreign key (workspace_id, to_member) references members,
    foreign key (workspace_id, delegated_by) references members
);

create table approval_decisions (
    workspace_id uuid not null,
    decision_id uuid not null,
    request_id uuid not null,
    post_id uuid not null,
    -- The policy, or the freeze, and its step.
    policy_id uuid not null,
    ordinal integer not null,
    verdict text not null check (verdict in ('approve', 'request_changes', 'reject')),
    member_id uuid,
    reviewer_id uuid,
    -- The named member whose step it is, when that is somebody else.
    on_behalf_of uuid,
    digest bytea not null check (length(digest) = 32),
    not_before timestamptz not null,
    not_after timestamptz not null,
    comment text check (length(comment) <= 2000),
    -- How the person proved who it is, and the signature that came of it.
    proof text not null check (proof in ('passphrase', 'link')),
    key_id uuid,
    signature bytea not null check (length(signature) = 64),
    decided_at timestamptz not null,
    primary key (workspace_id, decision_id),
    foreign key (workspace_id, request_id) references approval_requests,
    foreign key (workspace_id, post_id) references posts,
    foreign key (workspace_id, member_id) references members,
    foreign key (workspace_id, reviewer_id) references reviewers,
    check (num_nonnulls(member_id, reviewer_id) = 1),
    check ((proof = 'passphrase') = (member_id is not null)),
    check ((proof = 'passphrase') = (key_id is not null))
);
create index approval_decisions_of_post on approval_decisions (workspace_id, post_id, digest);

-- Links to the page of a request: for a member, who proves with the passphrase, or for a reviewer, whose proof the link
-- is. What makes a link is signed with a key outside the database; a row alone opens nothing.
create table review_links (
    workspace_id uuid not null,
    link_id uuid not null,
    request_id uuid not null,
    member_id uuid,
    reviewer_id uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    attempts integer not null default 0,
    used_at timestamptz,
    primary key (workspace_id, link_id),
    foreign key (workspace_id, request_id) references approval_requests,
    foreign key (workspace_id, member_id) references members,
    foreign key (workspace_id, reviewer_id) references reviewers,
    check (num_nonnulls(member_id, reviewer_id) = 1)
);
create index review_links_of_request on review_links (workspace_id, request_id);

do $$
declare
    name text;
begin
    foreach name in array array['approval_policies', 'approval_steps', 'approval_freezes', 'reviewers', 'approval_requests',
        'approval_turns', 'approval_delegations', 'approval_decisions', 'review_links']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select on %I to allin_app', name);
    end loop;
end
$$;
grant insert on approval_freezes to allin_app;
grant insert, update on approval_requests, approval_turns, review_links to allin_app;
grant insert on approval_policies, approval_steps, approval_delegations, approval_decisions, reviewers to allin_decider;
grant update (ended_by, ended_at) on approval_policies, approval_freezes to allin_decider;
grant update (removed_at) on reviewers to allin_decider;

-- An asset's id stands for its bytes, and an approval for ids: neither changes.
revoke update, delete on assets, asset_chunks from allin_app;
grant update (alt_text) on assets to allin_app;

-- What will be sent --------------------------------------------------------------------------------------------------

-- Length first, so that no two different lists of fields read alike.
create function framed(p_bytes bytea) returns bytea
    language sql immutable set search_path = public, pg_temp
as $$ select int8send(octet_length(p_bytes)) || p_bytes $$;

-- SHA-256 over every message of a post on every account, with the account's identity on its network, and its media, by
-- their ids, with their descriptions. Not over times: an approval has a window for them.
create function post_digest(p_workspace uuid, p_post uuid) returns bytea
    language sql stable set search_path = public, pg_temp
as $$
    select sha256(coalesce(string_agg(
        uuid_send(t.account_id) || framed(convert_to(a.network, 'UTF8')) || framed(convert_to(a.remote_id, 'UTF8'))
            || int4send(s.ordinal) || framed(convert_to(s.text, 'UTF8')) || framed(convert_to(s.media::text, 'UTF8')),
        ''::bytea order by t.account_id, s.ordinal), ''))
    from targets t
    join accounts a on a.workspace_id = t.workspace_id and a.account_id = t.account_id
    join segments s on s.workspace_id = t.workspace_id and s.target_id = t.target_id
    where t.workspace_id = p_workspace and t.post_id = p_post
$$;

-- The UUID of an id in its text form: 26 characters of five bits each, the last two bits unused.
create function id_uuid(p_text text) returns uuid
    language sql immutable set search_path = public, pg_temp
as $$
    select string_agg(to_hex(substr(b.bits, n * 4 + 1, 4)::bit(4)::int), '' order by n)::uuid
    from (select string_agg((strpos('0123456789abcdefghjkmnpqrstvwxyz', c) - 1)::bit(5)::text, '' order by i) as bits
          from regexp_split_to_table(split_part(p_text, '_', 2), '') with ordinality t (c, i)) b, generate_series(0, 31) n
$$;

-- What a post is made of: policies can be for some kinds only.
create function post_contents(p_workspace uuid, p_post uuid) returns text[]
    language sql stable set search_path = public, pg_temp
as $$
    select array_remove(array[
        case when bool_or(s.ordinal > 0) then 'thread' end,
        case when bool_or(s.text ~* 'https?://') then 'link' end,
        case when bool_and(s.media = '[]') then 'text' end,
        case when bool_or(m.image) then 'image' end,
        case when bool_or(m.video) then 'video' end], null)
    from targets t
    join segments s on s.workspace_id = t.workspace_id and s.target_id = t.target_id
    left join lateral (
        select bool_or(x.mime like 'video/%') as video, bool_or(x.mime not like 'video/%') as image
        from jsonb_array_elements(s.media) i (item)
        join assets x on x.workspace_id = s.workspace_id and x.asset_id = id_uuid(i.item ->> 'asset_id')
    ) m on s.media <> '[]'
    where t.workspace_id = p_workspace and t.post_id = p_post
$$;

-- Whether anything needs approval in a workspace at all.
create function approvals_in_force(p_workspace uuid, p_now timestamptz) returns boolean
    language sql stable set search_path = public, pg_temp
as $$
    select exists (select from approval_policies where workspace_id = p_workspace and ended_at is null)
        or exists (select from approval_freezes where workspace_id = p_workspace and ended_at is null and until > p_now)
$$;

-- The steps that a post has to pass now: those of every policy that fits, and a Manager while a freeze lasts.
create function approval_demands(p_workspace uuid, p_post uuid, p_now timestamptz)
    returns table (policy_id uuid, ordinal integer, name text, role text, member_ids uuid[], reviewer_ids uuid[], need text,
                   own_allowed boolean, window_minutes integer, deadline_hours integer, escalate_to text)
    language sql stable set search_path = public, pg_temp
as $$
    select p.policy_id, s.ordinal, p.name, s.role, s.member_ids, s.reviewer_ids, s.need, p.own_allowed, p.window_minutes,
           s.deadline_hours, s.escalate_to
    from approval_policies p
    join approval_steps s on s.workspace_id = p.workspace_id and s.policy_id = p.policy_id
    where p.workspace_id = p_workspace and p.ended_at is null
      and (p.account_ids is null or exists (select from targets t where t.workspace_id = p_workspace and t.post_id = p_post
                                            and t.account_id = any (p.account_ids)))
      and (p.tags is null or exists (select from posts o where o.workspace_id = p_workspace and o.post_id = p_post
                                     and o.tags && p.tags))
      and (p.contents is null or p.contents && post_contents(p_workspace, p_post))
    union all
    select f.freeze_id, 1, 'Approval for everything', 'manager', '{}', '{}', 'any', false, 1440, null, null
    from approval_freezes f
    where f.workspace_id = p_workspace and f.ended_at is null and f.until > p_now
$$;

create function role_rank(p_role text) returns integer
    language sql immutable set search_path = public, pg_temp
as $$ select array_position(array['viewer', 'contributor', 'publisher', 'manager', 'admin'], p_role) $$;

-- Whether a member wrote what is to be approved: the author, or who wrote the last version.
create function approval_own(p_workspace uuid, p_post uuid, p_member uuid) returns boolean
    language sql stable set search_path = public, pg_temp
as $$
    select (select p.author_id = p_member from posts p where p.workspace_id = p_workspace and p.post_id = p_post)
        or coalesce((select v.actor like 'mbr\_%' and id_uuid(split_part(v.actor, '/', 1)) = p_member
                     from post_versions v where v.workspace_id = p_workspace and v.post_id = p_post
                     order by v.version desc limit 1), false)
$$;

-- Whether a step is passed for these bytes, for all of the time between two instants.
create function approval_passed(p_workspace uuid, p_post uuid, p_policy uuid, p_ordinal integer, p_role text,
                                p_members uuid[], p_reviewers uuid[], p_need text, p_digest bytea, p_from timestamptz,
                                p_until timestamptz)
    returns boolean
    language sql stable set search_path = public, pg_temp
as $$
    with given as (
        select d.member_id, d.reviewer_id, d.on_behalf_of from approval_decisions d
        where d.workspace_id = p_workspace and d.post_id = p_post and d.digest = p_digest and d.policy_id = p_policy
          and d.ordinal = p_ordinal and d.verdict = 'approve'
          and d.not_before <= p_from and d.not_after >= p_until)
    select case
        when p_need = 'any' then exists (select from given)
        when p_role is not null then exists (select from given) and not exists (
            select from members m where m.workspace_id = p_workspace and m.removed_at is null
              and role_rank(m.role) >= role_rank(p_role) and not approval_own(p_workspace, p_post, m.member_id)
              and not exists (select from given g where g.member_id = m.member_id))
        else not exists (select from unnest(p_members) m where not exists (
                 select from given g where coalesce(g.on_behalf_of, g.member_id) = m))
             and not exists (select from unnest(p_reviewers) r where not exists (select from given g where g.reviewer_id = r))
    end
$$;

-- Why a post must not be sent between two instants, or null: a step that is open, or somebody who said no to the last
-- request. What is demanded is what is demanded now.
create function approval_missing(p_workspace uuid, p_post uuid, p_now timestamptz, p_from timestamptz, p_until timestamptz)
    returns text
    language plpgsql stable set search_path = public, pg_temp
as $$
declare
    d record;
    bytes bytea;
begin
    if not approvals_in_force(p_workspace, p_now) then
        return null;
    end if;
    for d in select * from approval_demands(p_workspace, p_post, p_now) loop
        if bytes is null then
            bytes := post_digest(p_workspace, p_post);
        end if;
        if not approval_passed(p_workspace, p_post, d.policy_id, d.ordinal, d.role, d.member_ids, d.reviewer_ids, d.need, bytes, p_from, p_until) then
            return format('step %s of “%s” is not approved for what would be sent', d.ordinal, d.name);
        end if;
    end loop;
    if bytes is not null and exists (
        select from approval_decisions n
        where n.workspace_id = p_workspace and n.post_id = p_post and n.digest = bytes and n.verdict <> 'approve'
          and n.request_id = (select r.request_id from approval_requests r
                              where r.workspace_id = p_workspace and r.post_id = p_post
                              order by r.created_at desc, r.request_id desc limit 1)
          and not exists (select from approval_decisions y
                          where y.workspace_id = p_workspace and y.post_id = p_post and y.digest = bytes and y.verdict = 'approve'
                            and y.request_id = n.request_id and y.decision_id > n.decision_id
                            and (y.member_id = n.member_id or y.reviewer_id = n.reviewer_id)))
    then
        return 'somebody refused it';
    end if;
    return null;
end
$$;

-- Where the review of a post stands: approved for when it is due, or as its latest request stands.
create function approval_state(p_workspace uuid, p_post uuid, p_now timestamptz) returns text
    language plpgsql stable set search_path = public, pg_temp
as $$
declare
    r approval_requests;
    due tstzrange;
begin
    if not exists (select from approval_demands(p_workspace, p_post, p_now)) then
        return 'not_needed';
    end if;
    select tstzrange(min(t.due_at), max(t.due_at), '[]') into due from targets t
    where t.workspace_id = p_workspace and t.post_id = p_post and t.state = 'scheduled';
    if not lower_inf(due) and approval_missing(p_workspace, p_post, p_now, lower(due), upper(due)) is null then
        return 'approved';
    end if;
    select * into r from approval_requests where workspace_id = p_workspace and post_id = p_post
    order by created_at desc, request_id desc limit 1;
    return case
        when not found then 'not_needed'
        when r.state = 'open' then 'requested'
        when r.state in ('void', 'withdrawn') or r.digest <> post_digest(p_workspace, p_post) then 'void'
        when not lower_inf(due) and not due <@ tstzrange(r.not_before, r.not_after, '[]') then 'void'
        when r.state = 'approved' and approval_missing(p_workspace, p_post, p_now, r.not_before, r.not_after) is not null then 'void'
        else r.state
    end;
end
$$;

-- Why a member may not decide on a step, as a code, or null.
create function approval_barred(p_workspace uuid, p_request uuid, p_policy uuid, p_ordinal integer, p_member uuid,
                                p_on_behalf_of uuid, p_approves boolean, p_now timestamptz) returns text
    language plpgsql stable set search_path = public, pg_temp
as $$
declare
    r approval_requests;
    d record;
    m members;
    earlier record;
begin
    select * into r from approval_requests where workspace_id = p_workspace and request_id = p_request;
    if not found or r.state <> 'open' then
        return 'not_open';
    end if;
    select * into m from members where workspace_id = p_workspace and member_id = p_member and removed_at is null;
    if not found then
        return 'not_a_member';
    end if;
    select * into d from approval_demands(p_workspace, r.post_id, p_now) x where x.policy_id = p_policy and x.ordinal = p_ordinal;
    if not found then
        return 'not_demanded';
    end if;
    if p_on_behalf_of is not null then
        if not exists (select from approval_delegations g where g.workspace_id = p_workspace and g.request_id = p_request
                       and g.policy_id = p_policy and g.ordinal = p_ordinal and g.from_member = p_on_behalf_of
                       and g.to_member = p_member) then
            return 'not_delegated';
        end if;
    elsif not (coalesce(role_rank(m.role) >= role_rank(d.role), false) or p_member = any (d.member_ids)
            or (d.escalate_to is not null and role_rank(m.role) >= role_rank(d.escalate_to)
                and exists (select from approval_turns t where t.workspace_id = p_workspace and t.request_id = p_request
                            and t.policy_id = p_policy and t.ordinal = p_ordinal and t.deadline_at <= p_now))) then
        return 'not_asked';
    end if;
    if p_approves and exists (select from approval_decisions y where y.workspace_id = p_workspace and y.post_id = r.post_id
                              and y.digest = r.digest and y.policy_id = p_policy and y.ordinal = p_ordinal
                              and y.verdict = 'approve' and y.member_id = p_member
                              and y.on_behalf_of is not distinct from p_on_behalf_of
                              and y.not_before <= r.not_before and y.not_after >= r.not_after) then
        return 'decided_already';
    end if;
    for earlier in select * from approval_demands(p_workspace, r.post_id, p_now) x where x.policy_id = p_policy and x.ordinal < p_ordinal loop
        if not approval_passed(p_workspace, r.post_id, p_policy, earlier.ordinal, earlier.role, earlier.member_ids,
                               earlier.reviewer_ids, earlier.need, r.digest, r.not_before, r.not_after) then
            return 'not_yet';
        end if;
    end loop;
    if p_approves and not exists (select from members o where o.workspace_id = p_workspace and o.removed_at is null
                                  and o.member_id <> p_member) then
        return null;
    end if;
    if p_approves and not d.own_allowed and approval_own(p_workspace, r.post_id, p_member) then
        return 'own_post';
    end if;
    if p_approves and exists (select from approval_decisions y where y.workspace_id = p_workspace and y.post_id = r.post_id
                              and y.digest = r.digest and y.policy_id = p_policy and y.ordinal <> p_ordinal
                              and y.verdict = 'approve' and y.member_id = p_member) then
        return 'decided_before';
    end if;
    return null;
end
$$;

-- Whether a key is a member's own, present or earlier.
create function person_key_is(p_workspace uuid, p_member uuid, p_key uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$ select exists (select from person_workspaces w join person_keys k on k.person_id = w.person_id
                     where w.workspace_id = p_workspace and w.member_id = p_member and k.key_id = p_key
                       and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid) $$;

-- The last word on a decision, whatever the program believes.
create function decision_may_be_made() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
declare
    r approval_requests;
    reason text;
begin
    select * into r from approval_requests where workspace_id = new.workspace_id and request_id = new.request_id;
    select case
        when r.request_id is null or r.post_id <> new.post_id then 'no such request'
        when r.state <> 'open' then 'the request is ' || r.state
        when new.digest <> r.digest or new.digest <> post_digest(new.workspace_id, new.post_id) then 'the post has changed'
        when new.not_before < r.not_before or new.not_after > r.not_after then 'the window is wider than what was asked for'
        when new.member_id is not null and not person_key_is(new.workspace_id, new.member_id, new.key_id) then 'the key is somebody else''s'
        when new.member_id is not null then approval_barred(new.workspace_id, new.request_id, new.policy_id, new.ordinal,
            new.member_id, new.on_behalf_of, new.verdict = 'approve', new.decided_at)
        when not exists (select from approval_demands(new.workspace_id, new.post_id, new.decided_at) d
                         join reviewers v on v.workspace_id = new.workspace_id and v.reviewer_id = new.reviewer_id and v.removed_at is null
                         where d.policy_id = new.policy_id and d.ordinal = new.ordinal and new.reviewer_id = any (d.reviewer_ids))
            then 'not_asked'
    end into reason;
    if reason is not null then
        raise exception 'must not decide: %', reason using errcode = '23514', constraint = 'decision_may_be_made';
    end if;
    return new;
end
$$;
create trigger decision_may_be_made before insert on approval_decisions for each row execute function decision_may_be_made();

-- Nothing is armed under the view of a moment before.
create trigger approval_takes_hold before insert on approval_policies for each row execute function pause_takes_hold();
create trigger approval_takes_hold before insert on approval_freezes for each row execute function pause_takes_hold();

-- What is public is not to get other words past those who approved the first.
create function edit_may_be_wanted() returns trigger
    language plpgsql set search_path = public, pg_temp
as $$
begin
    if exists (select from targets t, approval_demands(t.workspace_id, t.post_id, new.created_at) d
               where t.workspace_id = new.workspace_id and t.target_id = new.target_id) then
        raise exception 'must not be edited: it needs approval' using errcode = '23514', constraint = 'edit_may_be_wanted';
    end if;
    return new;
end
$$;
create trigger edit_may_be_wanted before insert on edits for each row execute function edit_may_be_wanted();

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
        else approval_missing(t.workspace_id, t.post_id, new.armed_at, new.armed_at, new.armed_at)
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

do $$
declare
    name text;
begin
    foreach name in array array['framed(bytea)', 'post_digest(uuid, uuid)', 'id_uuid(text)', 'post_contents(uuid, uuid)',
        'approvals_in_force(uuid, timestamptz)', 'approval_demands(uuid, uuid, timestamptz)', 'role_rank(text)',
        'approval_own(uuid, uuid, uuid)',
        'approval_passed(uuid, uuid, uuid, integer, text, uuid[], uuid[], text, bytea, timestamptz, timestamptz)',
        'approval_missing(uuid, uuid, timestamptz, timestamptz, timestamptz)',
        'person_key_is(uuid, uuid, uuid)', 'approval_state(uuid, uuid, timestamptz)',
        'approval_barred(uuid, uuid, uuid, integer, uuid, uuid, boolean, timestamptz)', 'decision_may_be_made()',
        'edit_may_be_wanted()']
    loop
        execute format('revoke execute on function %s from public', name);
        execute format('grant execute on function %s to allin_app', name);
    end loop;
end
$$;
