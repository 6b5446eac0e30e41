-- A list of people by their logins goes along the index, also where directories have equal ones.
drop index users_login;
create index users_login on users (organization_id, user_name_key, id);
-- The figures of a large installation.
insert into sqlite_stat1 (tbl, idx, stat)
values ('users', 'users_login', '1000000 100000 2 1');
analyze sqlite_schema;
