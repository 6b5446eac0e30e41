-- Few of many: mail that waits under one name, and those who break the glass.
create index outbox_key on outbox (organization_id, kind, key);
create index users_break_glass on users (organization_id) where break_glass;
