-- People who are invited, and the mail that is sent to them.

-- How she signs in; null while both ways are open to her.
alter table users add column login_type text;
-- When the last invite that she has not accepted ends, or ended.
alter table users add column invite_ends_at bigint;
-- She opens the house when nothing else does: no directory or connection reaches her.
alter table users add column break_glass boolean not null default false;

-- Who signs in with a password names her login before her organization is known.
create index users_local_login on users (user_name_key) where directory_id is null;

create table invites (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    user_id uuid references users (id) on delete set null,
    class text not null,
    email text not null,
    email_key text not null,
    first_name text,
    last_name text,
    description text,
    login_type text,
    language text not null,
    grants text not null,
    state text not null,
    token_hash bytea,
    invited_by text not null,
    inviter_id uuid,
    imported boolean not null,
    sends bigint not null,
    delivery text not null,
    delivery_error text,
    opened_at bigint,
    expiry_told boolean not null,
    created_at bigint not null,
    sent_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    updated_at bigint not null
);
create index invites_organization on invites (organization_id, created_at, id);
create index invites_state on invites (organization_id, state, created_at, id);
create unique index invites_token_hash_key on invites (token_hash) where token_hash is not null;
create unique index invites_pending_key
    on invites (organization_id, class, email_key) where state = 'pending';
create index invites_user on invites (user_id) where user_id is not null;
create index invites_inviter on invites (inviter_id) where inviter_id is not null;
create index invites_expiry on invites (expires_at) where state = 'pending' and not expiry_told;
create index invites_over on invites (updated_at) where state <> 'pending';

-- Addresses that refused mail for good, by keyed digests: nothing is sent there for a while.
create table mail_suppressions (
    hash bytea primary key,
    reason text not null,
    at bigint not null
);
create index mail_suppressions_at on mail_suppressions (at);

-- Passwords of ours, for those who sign in with one; the hash in the form of PHC.
create table passwords (
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid primary key references users (id) on delete cascade,
    hash text not null,
    totp bytea,
    totp_step bigint,
    changed_at bigint not null
);

-- Links by which a password is set: forgotten ones, and those of break-glass users.
create table password_links (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    purpose text not null,
    token_hash bytea not null,
    totp bytea,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    constraint password_links_token_hash_key unique (token_hash)
);
create index password_links_user on password_links (user_id, created_at);
create index password_links_expiry on password_links (expires_at);

-- Who tried to sign in as whom, from where (a keyed digest), and whether it ever worked from there.
create table password_tries (
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    address bytea not null,
    failures bigint not null,
    window_at bigint not null,
    trusted_at bigint,
    primary key (user_id, address)
);
create index password_tries_window on password_tries (window_at);
