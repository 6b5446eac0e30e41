-- Lists of people are ordered by the name that is shown, the e-mail address and the last sign-in.
create index users_shown on users (organization_id, coalesce(display_name_key, user_name_key), id);
create index users_address on users (organization_id, coalesce(email_key, user_name_key), id);
create index users_seen on users (organization_id, coalesce(last_sign_in_at, 0), id);
-- The figures of a large installation.
insert into sqlite_stat1 (tbl, idx, stat)
values
    ('users', 'users_shown', '1000000 100000 2 1'),
    ('users', 'users_address', '1000000 100000 2 1'),
    ('users', 'users_seen', '1000000 100000 2 1');
analyze sqlite_schema;
