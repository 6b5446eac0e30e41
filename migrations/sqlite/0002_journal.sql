-- What the clients of directories asked and what they were answered, without values (scim S36), and
-- counters that outlive the entries (S35). Numbers count per directory, so that the last entries of
-- each are found and kept without counting rows. Entries refer to nothing,
-- since a check for each row would double its cost: who deletes a directory deletes them too.

create table exchanges (
    organization_id blob not null,
    directory_id blob not null,
    number bigint not null,
    id blob not null,
    at bigint not null,
    method text not null,
    path text not null,
    status bigint not null,
    scim_type text,
    detail text,
    resource_id blob,
    tolerances bigint not null,
    duration_us bigint not null,
    request_id text not null,
    token_id blob not null,
    shape text,
    primary key (directory_id, number)
);
create index exchanges_at on exchanges (at);

create table directory_contacts (
    organization_id blob not null references organizations (id) on delete cascade,
    directory_id blob primary key references directories (id) on delete cascade,
    written bigint not null,
    last_contact_at bigint not null,
    last_success_at bigint,
    last_refused_at bigint,
    last_missing_at bigint,
    stale_at bigint
);

create table exchange_counts (
    organization_id blob not null references organizations (id) on delete cascade,
    directory_id blob not null references directories (id) on delete cascade,
    slot bigint not null,
    requests bigint not null,
    failed bigint not null,
    excused bigint not null,
    primary key (directory_id, slot)
) without rowid;
create index exchange_counts_slot on exchange_counts (slot);

create table tolerance_counts (
    organization_id blob not null references organizations (id) on delete cascade,
    directory_id blob not null references directories (id) on delete cascade,
    tolerance bigint not null,
    day bigint not null,
    uses bigint not null,
    last_at bigint not null,
    primary key (directory_id, tolerance, day)
) without rowid;
create index tolerance_counts_day on tolerance_counts (day);
