-- Organizations and all they own. Instants are microseconds since 1970; keys that are compared
-- without regard to case are folded in Rust and kept beside the value as it was sent.

create table organizations (
    id uuid primary key,
    slug text not null,
    name text not null,
    kind text not null,
    external_ref text,
    status text not null,
    settings text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint,
    constraint organizations_slug_key unique (slug)
);

create table operator_tokens (
    id uuid primary key,
    name text not null,
    public_part text not null,
    hash bytea not null,
    addresses text not null,
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint,
    constraint operator_tokens_public_part_key unique (public_part)
);

create table domains (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    name text not null,
    state text not null,
    challenge text not null,
    verified_at bigint,
    created_at bigint not null,
    constraint domains_name_key unique (organization_id, name)
);
create unique index domains_owner_key on domains (name) where state = 'verified';

create table directories (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    name text not null,
    profile text not null,
    status text not null,
    settings text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index directories_organization on directories (organization_id, created_at, id);

create table directory_tokens (
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
    last_used_at bigint,
    revoked_at bigint,
    constraint directory_tokens_public_part_key unique (public_part)
);
create index directory_tokens_directory on directory_tokens (directory_id, created_at, id);

create table users (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    directory_id uuid references directories (id) on delete cascade,
    source text not null,
    user_name text not null,
    user_name_key text not null,
    external_id text,
    email text,
    email_key text,
    display_name text,
    display_name_key text,
    first_name text,
    last_name text,
    description text,
    external_ref text,
    suspended_by bigint not null,
    document text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    last_sign_in_at bigint,
    constraint users_user_name_key unique (directory_id, user_name_key),
    constraint users_external_id_key unique (directory_id, external_id)
);
create unique index users_local_user_name_key
    on users (organization_id, user_name_key) where directory_id is null;
create index users_organization on users (organization_id, created_at, id);
create index users_directory on users (directory_id, created_at, id);
create index users_email on users (organization_id, email_key);
create index users_display_name on users (directory_id, display_name_key);

create table user_values (
    organization_id uuid not null references organizations (id) on delete cascade,
    directory_id uuid not null,
    user_id uuid not null references users (id) on delete cascade,
    path text not null,
    value_key text not null,
    primary key (user_id, path, value_key)
);
create index user_values_value on user_values (directory_id, path, value_key);

create table groups (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    directory_id uuid not null references directories (id) on delete cascade,
    display_name text not null,
    display_name_key text not null,
    external_id text,
    document text not null,
    member_count bigint not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    constraint groups_display_name_key unique (directory_id, display_name_key),
    constraint groups_external_id_key unique (directory_id, external_id)
);
create index groups_organization on groups (organization_id, created_at, id);
create index groups_directory on groups (directory_id, created_at, id);

create table members (
    organization_id uuid not null references organizations (id) on delete cascade,
    group_id uuid not null references groups (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    primary key (group_id, user_id)
);
create index members_user on members (user_id, group_id);

-- How many users and groups a directory has, and how many it ever lost: kept by triggers, so that
-- no list counts rows. Several slots for each directory keep writers out of each other's way.
create table directory_counts (
    organization_id uuid not null references organizations (id) on delete cascade,
    directory_id uuid not null references directories (id) on delete cascade,
    slot bigint not null,
    users bigint not null,
    users_removed bigint not null,
    groups bigint not null,
    groups_removed bigint not null,
    primary key (directory_id, slot)
);

-- A directory that is being removed takes its counts with it.
create function users_came() returns trigger language plpgsql as $$
begin
    insert into directory_counts as held (organization_id, directory_id, slot, users,
        users_removed, groups, groups_removed)
    select organization_id, directory_id, pg_backend_pid() % 64, count(*), 0, 0, 0
    from moved
    where exists (select 1 from directories where id = moved.directory_id)
    group by organization_id, directory_id
    on conflict (directory_id, slot) do update
    set users = held.users + excluded.users,
        users_removed = held.users_removed + excluded.users_removed,
        groups = held.groups + excluded.groups,
        groups_removed = held.groups_removed + excluded.groups_removed;
    return null;
end
$$;
create trigger users_came after insert on users
    referencing new table as moved
    for each statement execute function users_came();
create function users_left() returns trigger language plpgsql as $$
begin
    insert into directory_counts as held (organization_id, directory_id, slot, users,
        users_removed, groups, groups_removed)
    select organization_id, directory_id, pg_backend_pid() % 64, -count(*), count(*), 0, 0
    from moved
    where exists (select 1 from directories where id = moved.directory_id)
    group by organization_id, directory_id
    on conflict (directory_id, slot) do update
    set users = held.users + excluded.users,
        users_removed = held.users_removed + excluded.users_removed,
        groups = held.groups + excluded.groups,
        groups_removed = held.groups_removed + excluded.groups_removed;
    return null;
end
$$;
create trigger users_left after delete on users
    referencing old table as moved
    for each statement execute function users_left();
create function groups_came() returns trigger language plpgsql as $$
begin
    insert into directory_counts as held (organization_id, directory_id, slot, users,
        users_removed, groups, groups_removed)
    select organization_id, directory_id, pg_backend_pid() % 64, 0, 0, count(*), 0
    from moved
    where exists (select 1 from directories where id = moved.directory_id)
    group by organization_id, directory_id
    on conflict (directory_id, slot) do update
    set users = held.users + excluded.users,
        users_removed = held.users_removed + excluded.users_removed,
        groups = held.groups + excluded.groups,
        groups_removed = held.groups_removed + excluded.groups_removed;
    return null;
end
$$;
create trigger groups_came after insert on groups
    referencing new table as moved
    for each statement execute function groups_came();
create function groups_left() returns trigger language plpgsql as $$
begin
    insert into directory_counts as held (organization_id, directory_id, slot, users,
        users_removed, groups, groups_removed)
    select organization_id, directory_id, pg_backend_pid() % 64, 0, 0, -count(*), count(*)
    from moved
    where exists (select 1 from directories where id = moved.directory_id)
    group by organization_id, directory_id
    on conflict (directory_id, slot) do update
    set users = held.users + excluded.users,
        users_removed = held.users_removed + excluded.users_removed,
        groups = held.groups + excluded.groups,
        groups_removed = held.groups_removed + excluded.groups_removed;
    return null;
end
$$;
create trigger groups_left after delete on groups
    referencing old table as moved
    for each statement execute function groups_left();

create table resources (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    kind text not null,
    key text not null,
    key_folded text not null,
    name text not null,
    parent_kind text,
    parent_key text,
    status text,
    location text,
    attributes text not null,
    url text,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    constraint resources_key unique (organization_id, kind, key_folded)
);
create index resources_parent on resources (organization_id, parent_kind, parent_key);

create table rule_sets (
    organization_id uuid primary key references organizations (id) on delete cascade,
    version bigint not null,
    applied_version bigint not null,
    state text not null,
    users_total bigint not null,
    users_done bigint not null,
    error text
);

create table mapping_rules (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    name text not null,
    position bigint not null,
    enabled boolean not null,
    directory_id uuid references directories (id) on delete cascade,
    definition text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index mapping_rules_organization on mapping_rules (organization_id, position, id);

create table grants (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
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
    constraint grants_once_key
        unique (user_id, role, reach, resource_kind, resource_key, source, source_id)
);
create index grants_resource on grants (organization_id, resource_kind, resource_key);
create index grants_source on grants (organization_id, source, source_id, user_id);

create table unresolved (
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    rule_id uuid not null references mapping_rules (id) on delete cascade,
    resource_kind text not null,
    resource_key text not null,
    resource text not null,
    primary key (user_id, rule_id, resource_kind, resource_key)
);
create index unresolved_resource on unresolved (organization_id, resource_kind, resource_key);

create table connections (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    name text not null,
    kind text not null,
    status text not null,
    provider text not null,
    directory_id uuid references directories (id) on delete set null,
    settings text not null,
    secret bytea,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index connections_organization on connections (organization_id, created_at, id);

create table connection_domains (
    organization_id uuid not null references organizations (id) on delete cascade,
    connection_id uuid not null references connections (id) on delete cascade,
    domain_id uuid not null references domains (id) on delete cascade,
    primary key (connection_id, domain_id)
);

create table logins (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    connection_id uuid not null references connections (id) on delete cascade,
    state_hash bytea not null,
    browser_hash bytea not null,
    nonce_hash bytea not null,
    verifier bytea not null,
    return_to text not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    constraint logins_state_hash_key unique (state_hash)
);
create index logins_expiry on logins (expires_at);

create table identities (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid not null,
    connection_id uuid not null references connections (id) on delete cascade,
    subject text not null,
    user_id uuid not null references users (id) on delete cascade,
    rule text not null,
    created_at bigint not null,
    last_sign_in_at bigint,
    primary key (connection_id, subject)
);
create unique index identities_id_key on identities (id);
create index identities_user on identities (user_id);

create table sessions (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    hash bytea not null,
    user_id uuid not null references users (id) on delete cascade,
    connection_id uuid references connections (id) on delete cascade,
    subject text,
    provider_session text,
    signed_in_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null,
    constraint sessions_hash_key unique (hash)
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

create table sign_ins (
    organization_id uuid not null references organizations (id) on delete cascade,
    connection_id uuid not null references connections (id) on delete cascade,
    id uuid primary key,
    at bigint not null,
    outcome text not null,
    step text not null,
    code text,
    rule text,
    user_id uuid,
    subject text,
    email text,
    hint text,
    request_id text not null
);
create index sign_ins_connection on sign_ins (connection_id, at, id);

create table tombstones (
    organization_id uuid not null references organizations (id) on delete cascade,
    kind text not null,
    hash bytea not null,
    user_id uuid not null,
    at bigint not null,
    primary key (organization_id, kind, hash)
);

create table events (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    position bigint,
    name text not null,
    occurred_at bigint not null,
    actor text not null,
    subject_kind text not null,
    subject_id text not null,
    data text not null
);
create index events_feed on events (organization_id, position);
create index events_unplaced on events (id) where position is null;

create table outbox (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    kind text not null,
    key text not null,
    payload text not null,
    run_at bigint not null,
    locked_until bigint,
    attempts bigint not null,
    last_error text,
    created_at bigint not null
);
create index outbox_due on outbox (run_at, id);

create table access_changes (
    id bigint generated always as identity primary key,
    organization_id uuid not null,
    kind text not null,
    key text not null,
    user_id uuid,
    at bigint not null
);
create index access_changes_at on access_changes (at);
create index access_changes_user on access_changes (user_id, id);

create table idempotency_keys (
    caller text not null,
    key text not null,
    route text not null,
    body_hash bytea not null,
    status bigint not null,
    body text not null,
    created_at bigint not null,
    primary key (caller, key)
);
create index idempotency_keys_at on idempotency_keys (created_at);

create table leases (
    name text primary key,
    holder uuid not null,
    until bigint not null
);

create table installation (
    id bigint primary key,
    key_check bytea not null,
    created_at bigint not null
);
