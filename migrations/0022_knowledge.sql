-- Knowledge: documents, their chunks and how they are found, questions and answers, tickets.

-- Documents ----------------------------------------------------------------------------------------------------------

-- What holds for all documents of a workspace.
create table knowledge_state (
    workspace_id uuid primary key references workspaces,
    -- The product's own documents as they were last taken over: SHA-256 over all of them.
    product_sha256 bytea check (length(product_sha256) = 32),
    -- Changes with everything that can change what a search finds.
    revision bigint not null default 1,
    -- The model whose vectors are complete.
    model bigint,
    -- Vectors of the model in use, and whether they are in the index for many.
    vectors bigint not null default 0 check (vectors >= 0),
    indexed boolean not null default false
);

create table documents (
    workspace_id uuid not null references workspaces,
    document_id uuid not null,
    -- product: the program's own; the others were added by members.
    source text not null check (source in ('product', 'file', 'text', 'url', 'ticket')),
    -- What citations name; unique in the workspace.
    path text not null check (length(path) between 1 and 500),
    url text check (length(url) <= 2000),
    title text not null check (length(title) <= 300),
    category text not null default '' check (length(category) <= 60),
    -- Whom it is for, a bit a role: viewer 1, contributor 2, publisher 4, manager 8, admin 16.
    audience smallint not null check (audience between 1 and 31),
    -- BCP 47, the primary tag.
    language text not null check (length(language) between 2 and 3),
    -- What whoever added it said, before what the document says itself.
    given jsonb not null default '{}',
    state text not null check (state in ('waiting', 'embedding', 'ready', 'failed')),
    -- Why it failed, for people.
    problem_code text,
    problem text,
    -- Of the content that the chunks are of; null until it was read once.
    content_sha256 bytea check (length(content_sha256) = 32),
    chunks integer not null default 0 check (chunks >= 0),
    tokens integer not null default 0 check (tokens >= 0),
    added_by uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (workspace_id, document_id),
    unique (workspace_id, path),
    foreign key (workspace_id, added_by) references members,
    check ((state = 'failed') = (problem_code is not null)),
    check ((source = 'product') = (added_by is null))
);
create index documents_to_read on documents (workspace_id, updated_at, document_id) where state in ('waiting', 'embedding');

-- The file as it was given, so that a restart loses nothing and another reader can read it again.
create table document_contents (
    workspace_id uuid not null,
    document_id uuid not null,
    name text not null check (length(name) between 1 and 500),
    content_type text check (length(content_type) <= 200),
    content bytea not null,
    sha256 bytea not null check (length(sha256) = 32),
    primary key (workspace_id, document_id),
    foreign key (workspace_id, document_id) references documents on delete cascade
);
-- Files are compressed already, or small.
alter table document_contents alter column content set storage external;

create table chunks (
    workspace_id uuid not null,
    chunk_id uuid not null,
    document_id uuid not null,
    -- From 0, in the order of the document.
    position integer not null check (position >= 0),
    -- Anchor of the innermost heading; empty before the first.
    section text not null,
    -- Anchors of sections that were too short to stand alone.
    also text[] not null default '{}',
    heading_path text[] not null,
    body text not null,
    tokens integer not null check (tokens > 0),
    -- Over title, headings and body: what is the same needs no work.
    sha256 bytea not null check (length(sha256) = 32),
    language text not null check (length(language) between 2 and 3),
    audience smallint not null check (audience between 1 and 31),
    -- Lexemes in the keyword index, repetitions counted.
    length real not null default 0 check (length >= 0),
    -- Whether the vectors of the model in use are all there.
    model bigint,
    primary key (workspace_id, chunk_id),
    foreign key (workspace_id, document_id) references documents on delete cascade
);
create index chunks_of_document on chunks (workspace_id, document_id, position);
create index chunks_of_model on chunks (workspace_id, model);

-- Several windows a chunk. Narrow, so that reading all of a workspace is cheap.
create table chunk_vectors (
    workspace_id uuid not null,
    -- First eight bytes of the SHA-256 of the model's weights: vectors of two models are never compared.
    model bigint not null,
    chunk_id uuid not null,
    window_no smallint not null check (window_no >= 0),
    audience smallint not null,
    -- Bytes of the chunk's body.
    starts integer not null check (starts >= 0),
    ends integer not null check (ends >= starts),
    -- Whether it is in the index for workspaces with many; null otherwise keeps it out.
    indexed boolean,
    -- Of length 1, so that an inner product is a cosine.
    embedding halfvec not null,
    primary key (workspace_id, model, chunk_id, window_no),
    foreign key (workspace_id, chunk_id) references chunks on delete cascade
);
alter table chunk_vectors alter column embedding set storage plain;
create index chunk_vectors_many on chunk_vectors using hnsw ((embedding::halfvec(384)) halfvec_ip_ops)
    with (m = 16, ef_construction = 64) where indexed;
create index chunk_vectors_of_chunk on chunk_vectors (workspace_id, chunk_id);

-- The keyword index: how often a lexeme is in a chunk.
create table chunk_terms (
    workspace_id uuid not null,
    language text not null,
    lexeme text not null,
    chunk_id uuid not null,
    audience smallint not null,
    count real not null,
    -- Of the chunk, repeated so that scoring reads no other table.
    length real not null,
    primary key (workspace_id, language, lexeme, chunk_id) include (audience, count, length),
    foreign key (workspace_id, chunk_id) references chunks on delete cascade
);
create index chunk_terms_of_chunk on chunk_terms (workspace_id, chunk_id);

-- Statistics by audience: what a role is told never depends on documents that are not for it.
create table term_stats (
    workspace_id uuid not null references workspaces,
    language text not null,
    lexeme text not null,
    audience smallint not null,
    chunks integer not null,
    primary key (workspace_id, language, lexeme, audience) include (chunks)
);
create table chunk_stats (
    workspace_id uuid not null references workspaces,
    language text not null,
    audience smallint not null,
    chunks integer not null,
    length double precision not null,
    primary key (workspace_id, language, audience)
);

-- Vectors of the product's own documents, which are the same in every workspace. No tenant's data.
create table product_vectors (
    model bigint not null,
    -- Of the text that was embedded.
    sha256 bytea not null check (length(sha256) = 32),
    embedding halfvec not null,
    primary key (model, sha256)
);

-- Questions and answers ----------------------------------------------------------------------------------------------

create table conversations (
    workspace_id uuid not null,
    conversation_id uuid not null,
    member_id uuid not null,
    started_at timestamptz not null,
    last_at timestamptz not null,
    primary key (workspace_id, conversation_id),
    foreign key (workspace_id, member_id) references members
);
create index conversations_of_member on conversations (workspace_id, member_id, last_at desc);

create table answers (
    workspace_id uuid not null,
    answer_id uuid not null,
    conversation_id uuid not null,
    -- Of the conversation, repeated so that everybody's own questions are found by it.
    member_id uuid not null,
    question text not null check (length(question) <= 4000),
    language text not null check (length(language) between 2 and 3),
    answer text not null,
    -- extract: passages of the documents; written: by a language model; none: the documents do not know.
    kind text not null check (kind in ('extract', 'written', 'none')),
    confidence real not null check (confidence between 0 and 1),
    -- As they were shown: document, chunk, path, title, section.
    sources jsonb not null default '[]',
    escalated boolean not null,
    asked_at timestamptz not null,
    primary key (workspace_id, answer_id),
    foreign key (workspace_id, conversation_id) references conversations on delete cascade,
    foreign key (workspace_id, member_id) references members
);
create index answers_of_conversation on answers (workspace_id, conversation_id, asked_at, answer_id);

-- One rating a member and answer.
create table answer_ratings (
    workspace_id uuid not null,
    answer_id uuid not null,
    member_id uuid not null,
    helpful boolean not null,
    comment text check (length(comment) <= 2000),
    rated_at timestamptz not null,
    primary key (workspace_id, answer_id, member_id),
    foreign key (workspace_id, answer_id) references answers on delete cascade,
    foreign key (workspace_id, member_id) references members
);

-- What ratings say of the chunks that an answer cited: one vote a member and chunk, whatever number of answers.
create table chunk_ratings (
    workspace_id uuid not null,
    chunk_id uuid not null,
    member_id uuid not null,
    helpful boolean not null,
    rated_at timestamptz not null,
    primary key (workspace_id, chunk_id, member_id),
    foreign key (workspace_id, chunk_id) references chunks on delete cascade,
    foreign key (workspace_id, member_id) references members
);

-- Tickets ------------------------------------------------------------------------------------------------------------

create table tickets (
    workspace_id uuid not null,
    ticket_id uuid not null,
    -- Who asked, and whose answer did not do.
    member_id uuid not null,
    conversation_id uuid,
    answer_id uuid,
    subject text not null check (length(subject) between 1 and 300),
    state text not null check (state in ('open', 'answered', 'closed')),
    -- Who takes care of it.
    assignee_id uuid,
    -- The document that was made of it.
    document_id uuid,
    version integer not null default 1,
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    primary key (workspace_id, ticket_id),
    foreign key (workspace_id, member_id) references members,
    foreign key (workspace_id, assignee_id) references members,
    foreign key (workspace_id, conversation_id) references conversations on delete set null (conversation_id),
    foreign key (workspace_id, answer_id) references answers on delete set null (answer_id),
    foreign key (workspace_id, document_id) references documents on delete set null (document_id),
    check ((state = 'closed') = (closed_at is not null))
);
create index tickets_by_state on tickets (workspace_id, state, updated_at desc, ticket_id);
create index tickets_of_member on tickets (workspace_id, member_id, updated_at desc);

create table ticket_messages (
    workspace_id uuid not null,
    ticket_id uuid not null,
    message_id uuid not null,
    member_id uuid not null,
    text text not null check (length(text) between 1 and 10000),
    written_at timestamptz not null,
    primary key (workspace_id, message_id),
    foreign key (workspace_id, ticket_id) references tickets,
    foreign key (workspace_id, member_id) references members
);
create index ticket_messages_of_ticket on ticket_messages (workspace_id, ticket_id, message_id);

do $$
declare
    name text;
begin
    foreach name in array array['knowledge_state', 'documents', 'document_contents', 'chunks', 'chunk_vectors',
        'chunk_terms', 'term_stats', 'chunk_stats', 'conversations', 'answers', 'answer_ratings', 'chunk_ratings',
        'tickets', 'ticket_messages']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
    end loop;
end
$$;
grant select, insert, update, delete on knowledge_state, documents, document_contents, chunks, chunk_vectors, chunk_terms,
    term_stats, chunk_stats, conversations, answers, answer_ratings, chunk_ratings to allin_app;
grant select, insert, update on tickets, ticket_messages to allin_app;
grant select, insert on product_vectors to allin_app;

-- More kinds of notifications.
alter table notification_choices
    drop constraint notification_choices_kind_check,
    add constraint notification_choices_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder', 'members_changed', 'crisis', 'ticket'));
alter table notifications
    drop constraint notifications_kind_check,
    add constraint notifications_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder', 'members_changed', 'crisis', 'ticket'));

-- Workspaces with documents to read or vectors to make, for all tenants: an id and times. One process at a time works for a
-- workspace, so that its statistics need no lock of their own.
create table knowledge_due (
    workspace_id uuid primary key,
    due_at timestamptz not null,
    lease_until timestamptz,
    -- Changes with every claim: who lost it writes nothing more.
    fence bigint not null default 0,
    -- Something was added while it was claimed.
    again boolean not null default false
);
create index knowledge_due_at on knowledge_due (due_at);
alter table knowledge_due enable row level security;
alter table knowledge_due force row level security;
create policy own_or_none on knowledge_due using (
    (select nullif(current_setting('allin.workspace_id', true), '')) is null
    or workspace_id = (select nullif(current_setting('allin.workspace_id', true), '')::uuid));

create function knowledge_due_put(p_workspace uuid, p_due_at timestamptz) returns void
    language sql security definer set search_path = public, pg_temp
as $$ insert into knowledge_due (workspace_id, due_at) select p_workspace, p_due_at where own_or_none(p_workspace)
      on conflict (workspace_id) do update
      set due_at = least(knowledge_due.due_at, excluded.due_at), again = knowledge_due.lease_until is not null $$;

-- Takes up to p_limit workspaces whose time has come and which nobody works for.
create function knowledge_due_take(p_now timestamptz, p_lease_until timestamptz, p_limit integer)
    returns table (workspace_id uuid, fence bigint)
    language sql security definer set search_path = public, pg_temp
as $$
    update knowledge_due d set lease_until = p_lease_until, fence = d.fence + 1, again = false
    from (select c.workspace_id from knowledge_due c
          where c.due_at <= p_now and (c.lease_until is null or c.lease_until <= p_now)
          order by c.due_at, c.workspace_id limit p_limit for update skip locked) due
    where d.workspace_id = due.workspace_id
    returning d.workspace_id, d.fence
$$;

-- Whether the claim still holds; holds it longer when it does.
create function knowledge_due_renew(p_workspace uuid, p_fence bigint, p_lease_until timestamptz) returns boolean
    language sql security definer set search_path = public, pg_temp
as $$
    with renewed as (
        update knowledge_due d set lease_until = p_lease_until
        where d.workspace_id = p_workspace and d.fence = p_fence and d.lease_until is not null returning 1)
    select exists (select from renewed)
$$;

-- Gives the claim back: for good, or until p_again_at.
create function knowledge_due_done(p_workspace uuid, p_fence bigint, p_again_at timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    delete from knowledge_due d
    where d.workspace_id = p_workspace and d.fence = p_fence and p_again_at is null and not d.again;
    update knowledge_due d set lease_until = null, again = false,
           due_at = case when d.again then d.due_at else coalesce(p_again_at, d.due_at) end
    where d.workspace_id = p_workspace and d.fence = p_fence;
end
$$;

do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p
             where p.pronamespace = 'public'::regnamespace and p.proname like 'knowledge\_due\_%'
    loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to allin_app', f);
    end loop;
end
$$;

-- Personal data ------------------------------------------------------------------------------------------------------

-- Conversations go after a while, and words of tickets that are closed.
alter table retention_rules
    drop constraint retention_rules_kind_check,
    add constraint retention_rules_kind_check check (kind in ('notifications', 'invitations', 'comments', 'tasks',
        'metric_samples', 'audit_openings', 'deleted_posts', 'conversations', 'tickets'));
create index conversations_by_age on conversations (workspace_id, last_at, conversation_id);

-- Erasing a workspace takes its documents, questions and tickets, too. As before otherwise.
create or replace function workspace_erase(p_workspace uuid, p_key text, p_now timestamptz) returns void
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
    foreach name in array array['knowledge_due', 'ticket_messages', 'tickets', 'chunk_ratings', 'answer_ratings', 'answers',
        'conversations', 'chunk_terms', 'chunk_vectors', 'chunks', 'document_contents', 'documents', 'term_stats', 'chunk_stats',
        'knowledge_state', 'dispatch', 'metric_dispatch', 'series_due', 'lanes', 'mail_queue', 'token_hashes',
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
