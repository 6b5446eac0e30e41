-- The people of the operator are guests of several organizations: one giver gives them the same
-- role in each.
create table grants_anew (
    organization_id blob not null references organizations (id) on delete cascade,
    id blob primary key,
    user_id blob not null references users (id) on delete cascade,
    role text not null,
    reach text not null,
    resource_kind text not null,
    resource_key text not null,
    resource text,
    source text not null,
    source_id text not null,
    why text,
    expires_at bigint,
    created_at bigint not null,
    constraint grants_once_key unique (user_id, role, reach, resource_kind, resource_key, source,
        source_id, organization_id)
);
insert into grants_anew (organization_id, id, user_id, role, reach, resource_kind, resource_key,
    resource, source, source_id, why, expires_at, created_at)
select organization_id, id, user_id, role, reach, resource_kind, resource_key, resource, source,
    source_id, why, expires_at, created_at
from grants;
drop table grants;
alter table grants_anew rename to grants;
create index grants_resource on grants (organization_id, resource_kind, resource_key);
create index grants_source on grants (organization_id, source, source_id, user_id);
create index grants_role on grants (organization_id, role);

-- The figures of a large installation, as before: dropping the table took them away.
delete from sqlite_stat1 where tbl = 'grants';
insert into sqlite_stat1 (tbl, idx, stat)
values
    ('grants', 'sqlite_autoindex_grants_1', '5000000 1'),
    ('grants', 'sqlite_autoindex_grants_2', '5000000 5 4 3 2 1 1 1 1'),
    ('grants', 'grants_source', '5000000 500000 100000 1000 1'),
    ('grants', 'grants_resource', '5000000 500000 100000 500'),
    ('grants', 'grants_role', '5000000 500000 50000');
analyze sqlite_schema;
