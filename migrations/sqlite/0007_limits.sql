-- What limits a user beyond her grants: whose sub-user she is, what is denied to her, and of which
-- levels she has licences.

alter table users add column parent_id blob references users (id) on delete cascade;
create index users_parent on users (parent_id) where parent_id is not null;

-- The keys of the permissions that are denied to a user, as a JSON list.
create table access_settings (
    organization_id blob not null references organizations (id) on delete cascade,
    user_id blob primary key references users (id) on delete cascade,
    denied text not null,
    version bigint not null,
    updated_at bigint not null
) without rowid;

create table licences (
    organization_id blob not null references organizations (id) on delete cascade,
    user_id blob not null references users (id) on delete cascade,
    level text not null,
    total bigint not null,
    updated_at bigint not null,
    primary key (user_id, level)
) without rowid;

-- See 0006: the figures of a large installation.
insert into sqlite_stat1 (tbl, idx, stat)
values
    ('users', 'users_parent', '10000 3'),
    ('access_settings', 'access_settings', '10000 1'),
    ('licences', 'licences', '100000 2 1');
analyze sqlite_schema;
