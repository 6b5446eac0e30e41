-- Groups that are members of groups. They stand beside `members`, so that what a user joins or
-- leaves costs the same whether there are any or not.
create table group_members (
    organization_id blob not null references organizations (id) on delete cascade,
    group_id blob not null references groups (id) on delete cascade,
    member_id blob not null references groups (id) on delete cascade,
    primary key (group_id, member_id)
) without rowid;
create index group_members_member on group_members (member_id, group_id);
create index group_members_organization on group_members (organization_id);

-- Members that a client named before they came: ids or external ids of its own, kept until a user
-- or a group has one of them. `kind` is what the client said of the member, if it did.
create table pending_members (
    organization_id blob not null references organizations (id) on delete cascade,
    directory_id blob not null references directories (id) on delete cascade,
    group_id blob not null references groups (id) on delete cascade,
    value text not null,
    kind text,
    primary key (group_id, value)
) without rowid;
create index pending_members_value on pending_members (directory_id, value);
