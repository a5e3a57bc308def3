-- Campaigns and tags: what holds posts together, over accounts and over time.

create table campaigns (
    workspace_id uuid not null references workspaces,
    campaign_id uuid not null,
    name text not null check (length(name) between 1 and 200),
    description text not null default '' check (length(description) <= 5000),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    archived_at timestamptz,
    primary key (workspace_id, campaign_id),
    unique (workspace_id, name)
);

alter table posts
    add column campaign_id uuid,
    -- Lower-case words without `#`, in order and each once.
    add column tags text[] not null default '{}' check (cardinality(tags) <= 20),
    add foreign key (workspace_id, campaign_id) references campaigns;
create index posts_of_campaign on posts (workspace_id, campaign_id) where campaign_id is not null;
create index posts_by_tag on posts using gin (tags) where deleted_at is null and tags <> '{}';

alter table campaigns enable row level security;
alter table campaigns force row level security;
create policy tenant on campaigns using (workspace_id = nullif(current_setting('allin.workspace_id', true), '')::uuid);
grant select, insert, update on campaigns to allin_app;
