-- Webhooks: endpoints that are told what happens, and each telling.

create table webhooks (
    organization_id uuid not null references organizations (id) on delete cascade,
    id uuid primary key,
    name text not null,
    url text not null,
    types text not null,
    status text not null,
    secret bytea not null,
    old_secret bytea,
    old_until bigint,
    creator_id uuid,
    creator_left boolean not null,
    position bigint not null,
    laid bigint not null,
    failing_since bigint,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index webhooks_organization on webhooks (organization_id, created_at, id);
create index webhooks_active on webhooks (id) where status = 'active';
create index webhooks_creator on webhooks (creator_id) where creator_id is not null;

create table webhook_deliveries (
    organization_id uuid not null references organizations (id) on delete cascade,
    webhook_id uuid not null references webhooks (id) on delete cascade,
    id uuid primary key,
    event_id uuid not null,
    event_name text not null,
    subject text not null,
    place bigint not null,
    body text not null,
    state text not null,
    attempts bigint not null,
    run_at bigint not null,
    status bigint,
    error text,
    created_at bigint not null,
    finished_at bigint
);
create index webhook_deliveries_webhook on webhook_deliveries (webhook_id, created_at, id);
-- Of each subject one message is `pending`, the next ones are `waiting`: an endpoint that fails for
-- days costs nothing but what is tried again.
create index webhook_deliveries_subject on webhook_deliveries (webhook_id, subject, place)
    where finished_at is null;
create index webhook_deliveries_due on webhook_deliveries (webhook_id, run_at, place)
    where state = 'pending';
create index webhook_deliveries_over on webhook_deliveries (finished_at)
    where finished_at is not null;

