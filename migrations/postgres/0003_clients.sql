-- OAuth 2.0 clients of directories, the tokens that they were given, and which notices ahead of an
-- end were told.

create table directory_clients (
    organization_id uuid not null references organizations (id) on delete cascade,
    directory_id uuid not null references directories (id) on delete cascade,
    id uuid primary key,
    name text not null,
    public_part text not null,
    hash bytea not null,
    scopes text not null,
    created_by text not null,
    created_at bigint not null,
    expires_at bigint,
    noticed_days bigint,
    last_used_at bigint,
    refused_at bigint,
    revoked_at bigint
);
create index directory_clients_directory on directory_clients (directory_id, created_at, id);
create index directory_clients_expiry on directory_clients (expires_at);

create table client_tokens (
    organization_id uuid not null references organizations (id) on delete cascade,
    client_id uuid not null references directory_clients (id) on delete cascade,
    id uuid primary key,
    public_part text not null,
    hash bytea not null,
    scopes text not null,
    created_at bigint not null,
    expires_at bigint not null,
    constraint client_tokens_public_part_key unique (public_part)
);
create index client_tokens_client on client_tokens (client_id, expires_at);
create index client_tokens_expiry on client_tokens (expires_at);

alter table directory_tokens add column noticed_days bigint;
create index directory_tokens_expiry on directory_tokens (expires_at);
