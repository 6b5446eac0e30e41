-- SAML: messages that were used, sign-ins between the provider's form and our cookie, and the names
-- by which providers sign people out.

create table saml_replays (
    organization_id blob not null references organizations (id) on delete cascade,
    connection_id blob not null references connections (id) on delete cascade,
    kind text not null,
    id_hash blob not null,
    expires_at bigint not null,
    constraint saml_replays_pkey primary key (connection_id, kind, id_hash)
);
create index saml_replays_expiry on saml_replays (expires_at);

create table saml_results (
    organization_id blob not null references organizations (id) on delete cascade,
    id blob primary key,
    connection_id blob not null references connections (id) on delete cascade,
    handle_hash blob not null,
    browser_hash blob not null,
    identity blob not null,
    return_to text not null,
    asks boolean not null,
    trial boolean not null,
    expires_at bigint not null,
    used_at bigint,
    constraint saml_results_handle_hash_key unique (handle_hash)
);
create index saml_results_expiry on saml_results (expires_at);

create table saml_sessions (
    organization_id blob not null references organizations (id) on delete cascade,
    session_id blob primary key references sessions (id) on delete cascade,
    connection_id blob not null references connections (id) on delete cascade,
    name_value text not null,
    name text not null,
    session_index text
);
create index saml_sessions_name on saml_sessions (connection_id, name_value);

create table saml_metadata (
    organization_id blob not null references organizations (id) on delete cascade,
    connection_id blob primary key references connections (id) on delete cascade,
    due_at bigint not null,
    tried_at bigint not null,
    failed text
);
create index saml_metadata_due on saml_metadata (due_at);
