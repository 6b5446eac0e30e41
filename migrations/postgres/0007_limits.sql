-- What limits a user beyond her grants: whose sub-user she is, what is denied to her, and of which
-- levels she has licences.

alter table users add column parent_id uuid references users (id) on delete cascade;
create index users_parent on users (parent_id) where parent_id is not null;

-- The keys of the permissions that are denied to a user, as a JSON list.
create table access_settings (
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid primary key references users (id) on delete cascade,
    denied text not null,
    version bigint not null,
    updated_at bigint not null
);

create table licences (
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    level text not null,
    total bigint not null,
    updated_at bigint not null,
    primary key (user_id, level)
);
