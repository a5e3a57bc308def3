-- What one cause holds is told together: a notification says how many posts there are, and names a few.

alter table notifications
    -- Posts that it tells of, one on two accounts twice. 0: it tells of an account only, or is older than this column.
    add column posts integer not null default 0 check (posts >= 0),
    -- How the first of them begin.
    add column names text[] not null default '{}';

-- What may still tell of more is looked for by its cause.
create index notifications_growing on notifications (workspace_id, member_id, code) where read_at is null;
