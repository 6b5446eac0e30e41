-- A list of people by their logins goes along the index, also where directories have equal ones.
drop index users_login;
create index users_login on users (organization_id, user_name_key, id);
