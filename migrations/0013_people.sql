-- What proves a person, and the role that writes what only a proven person decides.

do $$
begin
    if not exists (select from pg_roles where rolname = 'allin_decider') then
        raise exception 'the role allin_decider does not exist'
            using hint = 'As a superuser: create role allin_decider login password ''…'' nosuperuser nobypassrls in role allin_app;';
    end if;
end
$$;

-- The public halves of keys that a person's passphrase gives (Argon2id over the salt, then Ed25519). Earlier ones stay,
-- so that what was signed with them can be checked.
create table person_keys (
    person_id uuid not null references persons,
    key_id uuid not null,
    salt bytea not null check (length(salt) = 16),
    public_key bytea not null check (length(public_key) = 32),
    created_at timestamptz not null,
    ended_at timestamptz,
    primary key (person_id, key_id),
    unique (key_id)
);
create unique index person_keys_present on person_keys (person_id) where ended_at is null;

-- Wrong passphrases in a row.
create table person_tries (
    person_id uuid primary key references persons,
    failed integer not null,
    locked_until timestamptz
);

-- The present key of a member, as far as the member is in the workspace that was entered.
create function person_key(p_workspace uuid, p_member uuid)
    returns table (person_id uuid, key_id uuid, salt bytea, public_key bytea, locked_until timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$ select k.person_id, k.key_id, k.salt, k.public_key, t.locked_until
      from person_workspaces w
      join person_keys k on k.person_id = w.person_id and k.ended_at is null
      left join person_tries t on t.person_id = k.person_id
      where w.workspace_id = p_workspace and w.member_id = p_member
        and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid $$;

-- Keys, present or earlier, of whoever is or was in the workspace that was entered, to check what was signed with them.
-- Row-level security holds for the owner, too: it sees the members of that workspace only.
create function person_key_public(p_keys uuid[]) returns table (key_id uuid, public_key bytea)
    language sql stable security definer set search_path = public, pg_temp
as $$ select k.key_id, k.public_key from person_keys k
      where k.key_id = any (p_keys) and exists (select from members m where m.person_id = k.person_id) $$;

-- Counts a try; five wrong ones in a row lock for a minute, and each further one for twice as long, up to an hour.
create function person_tried(p_workspace uuid, p_member uuid, p_right boolean, p_now timestamptz) returns timestamptz
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    whose uuid;
    locked timestamptz;
begin
    select w.person_id into whose from person_workspaces w
    where w.workspace_id = p_workspace and w.member_id = p_member
      and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid;
    if p_right then
        delete from person_tries where person_id = whose;
        return null;
    end if;
    insert into person_tries as t values (whose, 1, null)
    on conflict (person_id) do update set failed = t.failed + 1,
        locked_until = case when t.failed >= 4 then p_now + least(interval '1 hour', interval '1 minute' * 2 ^ least(t.failed - 4, 6)) end
    returning locked_until into locked;
    return locked;
end
$$;

-- A new key in place of the present one. For the decider only: whoever could set a key could decide as that person.
create function person_key_set(p_workspace uuid, p_member uuid, p_key uuid, p_salt bytea, p_public bytea, p_now timestamptz)
    returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    whose uuid;
begin
    select w.person_id into strict whose from person_workspaces w
    where w.workspace_id = p_workspace and w.member_id = p_member
      and p_workspace = nullif(current_setting('allin.workspace_id', true), '')::uuid;
    update person_keys set ended_at = p_now where person_id = whose and ended_at is null;
    insert into person_keys values (whose, p_key, p_salt, p_public, p_now, null);
    delete from person_tries where person_id = whose;
end
$$;

revoke execute on function person_key(uuid, uuid), person_key_public(uuid[]), person_tried(uuid, uuid, boolean, timestamptz),
    person_key_set(uuid, uuid, uuid, bytea, bytea, timestamptz) from public;
grant execute on function person_key(uuid, uuid), person_key_public(uuid[]), person_tried(uuid, uuid, boolean, timestamptz)
    to allin_app;
grant execute on function person_key_set(uuid, uuid, uuid, bytea, bytea, timestamptz) to allin_decider;
