-- Losses of access that are held, people whom a directory meets elsewhere, and what lets a
-- directory adopt somebody.

-- The address, folded, that she has shown to be hers by signing in with it.
alter table users add column email_proved text;
-- Her directory deleted her and her access is held: her login is free for others meanwhile.
alter table users add column leaving boolean not null default false;
drop index users_local_user_name_key;
create unique index users_local_user_name_key
    on users (organization_id, user_name_key) where directory_id is null and not leaving;
create index users_login on users (organization_id, user_name_key);
create index users_leaving on users (organization_id) where leaving;

-- People whose login or e-mail stands in two places of one organization.
create table duplicates (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    other_id uuid not null references users (id) on delete cascade,
    login boolean not null,
    email boolean not null,
    refused text,
    at bigint not null,
    constraint duplicates_once_key unique (user_id, other_id)
);
create index duplicates_organization on duplicates (organization_id, at, id);
create index duplicates_other on duplicates (other_id);

-- Who lost her access to a directory lately: each person once.
create table removals (
    organization_id uuid not null references organizations (id) on delete cascade,
    directory_id uuid not null references directories (id) on delete cascade,
    user_id uuid not null,
    at bigint not null,
    primary key (directory_id, user_id)
);
create index removals_directory on removals (directory_id, at);
create index removals_at on removals (at);

-- When an unusual number of removals was told last.
create table removal_alarms (
    organization_id uuid not null references organizations (id) on delete cascade,
    directory_id uuid primary key references directories (id) on delete cascade,
    at bigint not null
);

create table held_losses (
    organization_id uuid not null references organizations (id) on delete cascade,
    directory_id uuid not null references directories (id) on delete cascade,
    user_id uuid primary key references users (id) on delete cascade,
    loss text not null,
    rejected boolean not null,
    held_at bigint not null,
    due_at bigint not null
);
create index held_losses_directory on held_losses (directory_id, held_at, user_id);
create index held_losses_due on held_losses (due_at);

-- Users who come into a directory, or leave it, without being made or removed.
create function users_moved() returns trigger language plpgsql as $$
begin
    insert into directory_counts as held (organization_id, directory_id, slot, users,
        users_removed, groups, groups_removed)
    select side.organization_id, side.directory_id, pg_backend_pid() % 64, side.users,
        side.removed, 0, 0
    from (values
        (old.organization_id, old.directory_id, -1, 1),
        (new.organization_id, new.directory_id, 1, 0)
    ) as side (organization_id, directory_id, users, removed)
    where exists (select 1 from directories where id = side.directory_id)
    on conflict (directory_id, slot) do update
    set users = held.users + excluded.users,
        users_removed = held.users_removed + excluded.users_removed;
    return null;
end
$$;
create trigger users_moved after update of directory_id on users
    for each row when (old.directory_id is distinct from new.directory_id)
    execute function users_moved();
