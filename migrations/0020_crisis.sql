-- Crisis: an incident from its beginning to its end, what the networks had been asked for when it began, and notes on it.

create table incidents (
    workspace_id uuid not null references workspaces,
    incident_id uuid not null,
    reason text not null check (length(reason) between 1 and 500),
    -- What was published from then on is looked at. It goes back, never forward.
    since timestamptz not null,
    started_by text not null,
    started_at timestamptz not null,
    -- When everybody concerned was told that it began.
    told_at timestamptz,
    ended_by uuid,
    ended_at timestamptz,
    primary key (workspace_id, incident_id),
    foreign key (workspace_id, ended_by) references members,
    check (since <= started_at),
    check ((ended_by is null) = (ended_at is null))
);
-- At most one lasts: whoever begins a second joins it.
create unique index incidents_lasting on incidents (workspace_id) where ended_at is null;

-- Calls that had begun, or may have, when the gate was closed.
create table incident_attempts (
    workspace_id uuid not null,
    incident_id uuid not null,
    attempt_id uuid not null,
    primary key (workspace_id, incident_id, attempt_id),
    foreign key (workspace_id, incident_id) references incidents,
    foreign key (workspace_id, attempt_id) references attempts
);

create table incident_notes (
    workspace_id uuid not null,
    note_id uuid not null,
    incident_id uuid not null,
    text text not null check (length(text) between 1 and 5000),
    -- As in the audit log.
    actor text not null,
    created_at timestamptz not null,
    primary key (workspace_id, note_id),
    foreign key (workspace_id, incident_id) references incidents
);
create index incident_notes_of_incident on incident_notes (workspace_id, incident_id, note_id);

do $$
declare
    name text;
begin
    foreach name in array array['incidents', 'incident_attempts', 'incident_notes'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy tenant on %I using (workspace_id = nullif(current_setting(''allin.workspace_id'', true), '''')::uuid)', name);
        execute format('grant select, insert on %I to allin_app', name);
    end loop;
end
$$;
grant update on incidents to allin_app;

-- Members are told of a crisis.
alter table notification_choices
    drop constraint notification_choices_kind_check,
    add constraint notification_choices_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder', 'members_changed', 'crisis'));
alter table notifications
    drop constraint notifications_kind_check,
    add constraint notifications_kind_check check (kind in ('post_failed', 'post_held', 'outcome_unknown',
        'reconnect_needed', 'account_connected', 'mention', 'comment', 'task', 'approval_requested', 'approval_decided',
        'approval_reminder', 'members_changed', 'crisis'));
