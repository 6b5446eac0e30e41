-- Tokens by which people and organizations call the management surface.

create table api_tokens (
    organization_id blob not null references organizations (id) on delete cascade,
    id blob primary key,
    kind text not null,
    owner_id blob references users (id) on delete cascade,
    creator_id blob,
    created_by text not null,
    name text not null,
    public_part text not null,
    hash blob not null,
    permissions text not null,
    resources text not null,
    creator_left boolean not null,
    created_at bigint not null,
    expires_at bigint not null,
    last_used_at bigint,
    revoked_at bigint,
    constraint api_tokens_public_part_key unique (public_part)
);
create index api_tokens_organization on api_tokens (organization_id, kind, created_at, id);
create index api_tokens_owner on api_tokens (owner_id) where owner_id is not null;
create index api_tokens_creator on api_tokens (creator_id) where creator_id is not null;

-- What journals keep of a person is found when she is forgotten.
create index sign_ins_user on sign_ins (user_id) where user_id is not null;

-- See 0006: the figures of a large installation.
insert into sqlite_stat1 (tbl, idx, stat)
values
    ('api_tokens', 'sqlite_autoindex_api_tokens_1', '10000 1'),
    ('api_tokens', 'sqlite_autoindex_api_tokens_2', '10000 1'),
    ('api_tokens', 'api_tokens_organization', '10000 100 50 1 1'),
    ('api_tokens', 'api_tokens_owner', '10000 2'),
    ('api_tokens', 'api_tokens_creator', '10000 10'),
    ('sign_ins', 'sign_ins_user', '1000000 20');
analyze sqlite_schema;
