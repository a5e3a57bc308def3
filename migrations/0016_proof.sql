-- The audit log as proof, and receipts of what was published.

-- Every process remembers whose log it wrote to, and looks through all at its start: a row and a trigger for each entry
-- told nothing more, and cost each write as much as the entry itself.
drop trigger audit_noted on audit_entries;
drop function audit_noted();
drop function audit_pending_workspaces(integer);
drop function audit_pending_drop(uuid, uuid[]);
drop table audit_pending;

-- Checking this key locked the workspace's row for every entry, which is what concurrent writes of one workspace would wait
-- for. Nobody may delete a workspace, and row-level security lets entries be written for the entered one only.
alter table audit_entries drop constraint audit_entries_workspace_id_fkey;

-- As before, but asked without a call for each entry that is sealed the first time.
drop trigger audit_sealed_once on audit_entries;
create trigger audit_sealed_once before update on audit_entries
    for each row when (old.position is not null) execute function audit_sealed_once();

-- Whether the head is in the file outside the database as well; that is written after the commit.
alter table audit_heads add column kept boolean not null default false;

-- What opens commitments in the audit log: personal data and free text stand there as SHA-256 over salt and value only.
-- Deleting a row erases the value, and the chain stays as it is.
create table audit_openings (
    workspace_id uuid not null references workspaces,
    commitment bytea not null check (length(commitment) = 32),
    salt bytea not null check (length(salt) = 16),
    value text not null,
    created_at timestamptz not null,
    primary key (workspace_id, commitment)
);

-- Who set the target's time: {"actor", "origin", "request", "at"}, as in the audit log.
alter table targets add column asked jsonb;

-- One for each target that became public, signed with the audit log's key. Written once.
create table receipts (
    workspace_id uuid not null,
    target_id uuid not null,
    post_id uuid not null,
    -- Exactly what the signature covers, but for its first line.
    document text not null,
    signature bytea not null check (length(signature) = 64),
    key_id text not null,
    created_at timestamptz not null,
    primary key (workspace_id, target_id),
    foreign key (workspace_id, target_id) references targets
);
create index receipts_of_post on receipts (workspace_id, post_id);

do $$
declare
    name text;
begin
    foreach name in array array['audit_openings', 'receipts'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert on %I to allin_app', name);
    end loop;
end
$$;
grant delete on audit_openings to allin_app;

-- An id as people and programs see it: a prefix and the UUID in Crockford's base 32.
create function id_text(p_prefix text, p_id uuid) returns text
    language sql immutable set search_path = public, pg_temp
as $$
    select p_prefix || '_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', substr(b.bits, n * 5 + 1, 5)::bit(5)::int + 1, 1), '' order by n)
    from (select ('x' || replace(p_id::text, '-', ''))::bit(128)::text || '00' as bits) b, generate_series(0, 25) n
$$;

-- Who approved what a post says now, with their signatures; null when nobody had to.
create function receipt_approvals(p_workspace uuid, p_post uuid, p_target uuid) returns jsonb
    language sql stable set search_path = public, pg_temp
as $$
    select jsonb_agg(jsonb_build_object(
        'decision_id', id_text('dec', d.decision_id), 'request_id', id_text('apr', d.request_id),
        'by', coalesce(id_text('mbr', d.member_id), id_text('rvw', d.reviewer_id)),
        'on_behalf_of', id_text('mbr', d.on_behalf_of), 'digest', encode(d.digest, 'hex'), 'proof', d.proof,
        'key_id', d.key_id, 'signature', encode(d.signature, 'hex')) order by d.decision_id)
    from approval_decisions d
    where d.workspace_id = p_workspace and d.post_id = p_post and d.verdict = 'approve'
      and d.digest = post_digest(p_workspace, p_post)
$$;
revoke execute on function receipt_approvals(uuid, uuid, uuid), id_text(text, uuid) from public;
grant execute on function receipt_approvals(uuid, uuid, uuid), id_text(text, uuid) to allin_app;
