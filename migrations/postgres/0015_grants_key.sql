-- The people of the operator are guests of several organizations: one giver gives them the same
-- role in each.
alter table grants drop constraint grants_once_key;
alter table grants add constraint grants_once_key unique (user_id, role, reach, resource_kind,
    resource_key, source, source_id, organization_id);
