-- Rows of imported files: which post each became, so that the same file twice changes nothing.

create table import_rows (
    workspace_id uuid not null,
    -- The row's own key, or `row:` and the hash of what it says.
    key text not null check (length(key) between 1 and 200),
    post_id uuid not null,
    -- SHA-256 of what the row said.
    row_hash bytea not null check (length(row_hash) = 32),
    created_at timestamptz not null,
    primary key (workspace_id, key),
    -- Checked at the end: the key is taken before the post is written.
    foreign key (workspace_id, post_id) references posts deferrable initially deferred
);
create index import_rows_of_post on import_rows (workspace_id, post_id);

alter table import_rows enable row level security;
alter table import_rows force row level security;
create policy tenant on import_rows using (workspace_id = nullif(current_setting('allin.workspace_id', true), '')::uuid);
grant select, insert, update on import_rows to allin_app;
