-- What is looked up by one value has an index that begins with it.

create index unresolved_rule on unresolved (rule_id);
create index sessions_connection on sessions (connection_id);
create index logins_connection on logins (connection_id);
create index grants_role on grants (organization_id, role);

-- Without statistics the planner takes "of this organization" for a narrow condition and reads all
-- its people where it should go by a key. These are the figures of a large installation: rows of a
-- table, then rows for one value of the first column of an index, of the first two, and so on.
analyze;
delete from sqlite_stat1;
insert into sqlite_stat1 (tbl, idx, stat)
values
    ('users', 'sqlite_autoindex_users_1', '1000000 1'),
    ('users', 'sqlite_autoindex_users_2', '1000000 100000 1'),
    ('users', 'sqlite_autoindex_users_3', '1000000 100000 1'),
    ('users', 'users_organization', '1000000 100000 2 1'),
    ('users', 'users_directory', '1000000 100000 2 1'),
    ('users', 'users_email', '1000000 100000 2'),
    ('users', 'users_display_name', '1000000 100000 2'),
    ('users', 'users_login', '1000000 100000 1'),
    ('users', 'users_local_user_name_key', '10000 1000 1'),
    ('user_values', 'user_values', '2000000 2 1 1'),
    ('user_values', 'user_values_value', '2000000 200000 100000 2'),
    ('groups', 'sqlite_autoindex_groups_1', '100000 1'),
    ('groups', 'sqlite_autoindex_groups_2', '100000 10000 1'),
    ('groups', 'sqlite_autoindex_groups_3', '100000 10000 1'),
    ('groups', 'groups_organization', '100000 10000 2 1'),
    ('groups', 'groups_directory', '100000 10000 2 1'),
    ('members', 'members', '10000000 1000 1'),
    ('members', 'members_user', '10000000 10 1'),
    ('grants', 'sqlite_autoindex_grants_1', '5000000 1'),
    ('grants', 'sqlite_autoindex_grants_2', '5000000 5 4 3 2 1 1 1'),
    ('grants', 'grants_source', '5000000 500000 100000 1000 1'),
    ('grants', 'grants_resource', '5000000 500000 100000 500'),
    ('grants', 'grants_role', '5000000 500000 50000'),
    ('unresolved', 'unresolved', '100000 10 2 2 1'),
    ('unresolved', 'unresolved_resource', '100000 10000 5000 100'),
    ('unresolved', 'unresolved_rule', '100000 1000'),
    ('identities', 'identities', '1000000 100000 1'),
    ('identities', 'identities_id_key', '1000000 1'),
    ('identities', 'identities_user', '1000000 1'),
    ('sessions', 'sqlite_autoindex_sessions_1', '100000 1'),
    ('sessions', 'sqlite_autoindex_sessions_2', '100000 1'),
    ('sessions', 'sessions_user', '100000 2'),
    ('sessions', 'sessions_expiry', '100000 2'),
    ('sessions', 'sessions_connection', '100000 10000'),
    ('events', 'sqlite_autoindex_events_1', '10000000 1'),
    ('events', 'events_feed', '10000000 1000000 1'),
    ('events', 'events_unplaced', '1000 1'),
    ('access_changes', 'access_changes_user', '10000000 10 1'),
    ('access_changes', 'access_changes_at', '10000000 2'),
    ('sign_ins', 'sqlite_autoindex_sign_ins_1', '1000000 1'),
    ('sign_ins', 'sign_ins_connection', '1000000 100000 2 1'),
    ('tombstones', 'tombstones', '1000000 100000 50000 1'),
    ('resources', 'sqlite_autoindex_resources_1', '100000 1'),
    ('resources', 'sqlite_autoindex_resources_2', '100000 10000 5000 1'),
    ('resources', 'resources_parent', '100000 20000 10000 10');
analyze sqlite_schema;
