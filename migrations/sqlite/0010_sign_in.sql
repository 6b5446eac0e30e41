-- Sign-in: claims that rules read, ends of what a connection is known by, links of former times,
-- logouts that providers told of, traces, and proofs of domains.

-- Values of one claim of the last sign-in that brought it, as a JSON list, until they count no more.
create table user_claims (
    organization_id blob not null references organizations (id) on delete cascade,
    user_id blob not null references users (id) on delete cascade,
    connection_id blob not null references connections (id) on delete cascade,
    name text not null,
    claim_values text not null,
    at bigint not null,
    expires_at bigint not null,
    primary key (user_id, connection_id, name)
) without rowid;
create index user_claims_expiry on user_claims (expires_at);
create index user_claims_organization on user_claims (organization_id);
create index user_claims_connection on user_claims (connection_id, name);

-- What ends: a client secret, a certificate; the nearest notice that was told, in days.
create table connection_ends (
    organization_id blob not null references organizations (id) on delete cascade,
    connection_id blob not null references connections (id) on delete cascade,
    kind text not null,
    name text not null,
    expires_at bigint not null,
    noticed_days bigint,
    primary key (connection_id, kind, name)
) without rowid;
create index connection_ends_expiry on connection_ends (expires_at);

-- Links that were parted or moved by an administrator.
create table former_identities (
    organization_id blob not null references organizations (id) on delete cascade,
    id blob primary key,
    connection_id blob not null references connections (id) on delete cascade,
    subject text not null,
    user_id blob not null references users (id) on delete cascade,
    rule text not null,
    created_at bigint not null,
    ended_at bigint not null,
    reason text not null
);
create index former_identities_user on former_identities (user_id, ended_at);
create index former_identities_connection on former_identities (connection_id);

-- Logout tokens that counted: each counts once.
create table logout_tokens (
    organization_id blob not null references organizations (id) on delete cascade,
    connection_id blob not null references connections (id) on delete cascade,
    hash blob not null,
    expires_at bigint not null,
    primary key (connection_id, hash)
) without rowid;
create index logout_tokens_expiry on logout_tokens (expires_at);

-- What a sign-in brought, sealed, while traces are switched on.
create table sign_in_traces (
    organization_id blob not null references organizations (id) on delete cascade,
    sign_in_id blob primary key references sign_ins (id) on delete cascade,
    sealed blob not null,
    expires_at bigint not null
);
create index sign_in_traces_expiry on sign_in_traces (expires_at);

-- What a session needs to end at the provider too: what the ID token calls her, and the token.
alter table sessions add column provider_subject text;
alter table sessions add column id_token blob;
create index sessions_provider on sessions (connection_id, provider_session)
    where provider_session is not null;
create index sessions_provider_subject on sessions (connection_id, provider_subject)
    where provider_subject is not null;

-- Whether a sign-in in progress must be a fresh one at the provider, or is only tried out.
alter table logins add column fresh boolean not null default false;
alter table logins add column trial boolean not null default false;

-- From where the keys of the provider came last, and who may try the connection out.
alter table connections add column keys_host text;
alter table connections add column trial_hash blob;
alter table connections add column trial_until bigint;

-- How a domain was proved, and when its record is looked for again.
alter table domains add column method text;
alter table domains add column checked_at bigint;
alter table domains add column failing_since bigint;
alter table domains add column next_check_at bigint;
update domains set method = 'operator' where state = 'verified';
create index domains_check on domains (next_check_at) where next_check_at is not null;

-- See 0006: the figures of a large installation.
insert into sqlite_stat1 (tbl, idx, stat)
values
    ('user_claims', 'user_claims', '100000 4 4 1'),
    ('user_claims', 'user_claims_expiry', '100000 2'),
    ('connection_ends', 'connection_ends', '1000 2 1 1'),
    ('connection_ends', 'connection_ends_expiry', '1000 1'),
    ('former_identities', 'former_identities_user', '1000 2 1'),
    ('logout_tokens', 'logout_tokens', '1000 100 1'),
    ('logout_tokens', 'logout_tokens_expiry', '1000 1'),
    ('sign_in_traces', 'sign_in_traces_expiry', '1000 1'),
    ('user_claims', 'user_claims_connection', '100000 10000 2000'),
    ('user_claims', 'user_claims_organization', '100000 10000'),
    ('former_identities', 'former_identities_connection', '1000 100'),
    ('sessions', 'sessions_provider', '100000 1000 1'),
    ('sessions', 'sessions_provider_subject', '100000 1000 2'),
    ('domains', 'domains_check', '1000 1');
analyze sqlite_schema;
