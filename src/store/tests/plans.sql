-- A directory of some size on PostgreSQL, whose planner asks how much there is.
insert into organizations
values ('00000000-0000-0000-0000-000000000001', 'acme', 'Acme', 'customer', null, 'active', '{}',
    1, 0, 0, null);
insert into directories
values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'People',
    'generic', 'active', '{}', 1, 0, 0);
insert into users (organization_id, id, directory_id, source, user_name, user_name_key,
    external_id, display_name, display_name_key, suspended_by, document, version, created_at,
    updated_at)
select '00000000-0000-0000-0000-000000000001', ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid,
    '00000000-0000-0000-0000-000000000002', 'directory', 'u' || n, 'u' || n, 'e' || n, 'U' || n,
    'u' || n, 0, repeat('x', 200), 1, n, n
from generate_series(1, 5000) as n;
insert into user_values
select organization_id, directory_id, id, path, user_name_key || '@x.example'
from users cross join (values ('emails'), ('emails.work')) as listed (path);
insert into groups
select '00000000-0000-0000-0000-000000000001', ('00000000-0000-0000-0002-' || lpad(n::text, 12, '0'))::uuid,
    '00000000-0000-0000-0000-000000000002', 'G' || n, 'g' || n, 'e' || n, '{}', 10, 1, n, n
from generate_series(1, 1000) as n;
insert into members
select g.organization_id, g.id, u.id
from groups g
join users u on u.created_at % 500 = g.created_at % 500;
analyze;
