-- What is looked up by one value has an index that begins with it.

create index unresolved_rule on unresolved (rule_id);
create index sessions_connection on sessions (connection_id);
create index logins_connection on logins (connection_id);
create index grants_role on grants (organization_id, role);
