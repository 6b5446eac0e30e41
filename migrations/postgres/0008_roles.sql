-- Roles that organizations make for themselves. The permissions stand one by one in the definition.

create table roles (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    key text not null,
    label text not null,
    description text,
    definition text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    constraint roles_key unique (organization_id, key)
);
create index roles_organization on roles (organization_id, created_at, id);

-- Counts edits of these roles: rules are checked against them.
alter table rule_sets add column roles_version bigint not null default 1;

-- What the platform definition says of access, as the last start found it: when it says something
-- else, rules are applied again.
alter table installation add column platform text;
