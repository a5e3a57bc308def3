-- Working together: comments on posts, tasks, and a choice of way for every kind of notification.

create table post_comments (
    workspace_id uuid not null,
    comment_id uuid not null,
    post_id uuid not null,
    -- Whose comment it is, and in full through which connection or key it came.
    member_id uuid not null,
    actor text not null,
    -- The comment that began the thread.
    reply_to uuid,
    -- What the post said when it was written.
    post_version integer not null,
    -- Null once it is deleted: the place stays, the words are gone.
    text text check (length(text) between 1 and 5000),
    mentioned uuid[] not null default '{}' check (cardinality(mentioned) <= 20),
    created_at timestamptz not null,
    deleted_at timestamptz,
    deleted_by uuid,
    primary key (workspace_id, comment_id),
    foreign key (workspace_id, post_id) references posts,
    foreign key (workspace_id, member_id) references members,
    foreign key (workspace_id, deleted_by) references members,
    foreign key (workspace_id, reply_to) references post_comments,
    check ((text is null) = (deleted_at is not null)),
    check (deleted_at is null or mentioned = '{}')
);
create index post_comments_of_post on post_comments (workspace_id, post_id, comment_id desc);

create table tasks (
    workspace_id uuid not null references workspaces,
    task_id uuid not null,
    title text not null check (length(title) between 1 and 200),
    note text not null default '' check (length(note) <= 5000),
    state text not null check (state in ('open', 'done', 'dropped')),
    creator_id uuid not null,
    assignee_id uuid,
    post_id uuid,
    campaign_id uuid,
    due_at timestamptz,
    -- When somebody was told that it is due soon, and that it is overdue; both are told once for each due time.
    soon_told_at timestamptz,
    overdue_told_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    primary key (workspace_id, task_id),
    foreign key (workspace_id, creator_id) references members,
    foreign key (workspace_id, assignee_id) references members,
    foreign key (workspace_id, post_id) references posts,
    foreign key (workspace_id, campaign_id) references campaigns,
    check ((state = 'open') = (closed_at is null))
);
create index tasks_open on tasks (workspace_id, due_at, task_id) where state = 'open';
create index tasks_of_assignee on tasks (workspace_id, assignee_id) where state = 'open' and assignee_id is not null;
create index tasks_of_post on tasks (workspace_id, post_id) where post_id is not null;
create index tasks_to_tell on tasks (workspace_id, due_at)
    where state = 'open' and due_at is not null and overdue_told_at is null;

do $$
declare
    name text;
begin
    foreach name in array array['post_comments', 'tasks'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert, update on %I to allin_app', name);
    end loop;
end
$$;

-- More kinds, and for each a choice of two ways: in the app, and by mail.
alter table mail_choices rename to notification_choices;
alter table notification_choices rename constraint mail_choices_pkey to notification_choices_pkey;
alter table notification_choices
    rename constraint mail_choices_workspace_id_member_id_fkey to notification_choices_workspace_id_member_id_fkey;
alter table notification_choices
    drop constraint mail_choices_kind_check,
    add constraint notification_choices_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder')),
    -- Null, of either: as the kind has it.
    alter column mail drop not null,
    add column app boolean;
alter table notifications
    drop constraint notifications_kind_check,
    add constraint notifications_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder')),
    -- False: the member wants it by mail only; it is kept until that is sent, and in no list.
    add column shown boolean not null default true;
drop index notifications_unread;
create index notifications_unread on notifications (workspace_id, member_id) where read_at is null and shown;

-- What one member did, through whichever connection or key: their entries have actors that begin with the member's id.
create index audit_entries_of_actor on audit_entries (workspace_id, actor collate "C", entry_id);
