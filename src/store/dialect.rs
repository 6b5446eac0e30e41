//! The few places where the engines differ.
//!
//! A unique violation: PostgreSQL names the constraint or index, SQLite lists the columns in its
//! message; both are brought to the constraint's name. Row locks and the claiming of outbox rows
//! exist on PostgreSQL alone: SQLite has one writer. The catalogue of tables has two names.

use sqlx::error::DatabaseError;

use super::error::UniqueKey;
use super::list::places;
use super::rule_set::Hold;

/// One statement in the words of either engine.
#[derive(Clone, Copy, Debug)]
pub struct ByEngine {
    /// As PostgreSQL reads it.
    pub postgres: &'static str,
    /// As SQLite reads it.
    pub sqlite: &'static str,
}

impl ByEngine {
    /// The text for the engine.
    pub(super) const fn on(self, postgres: bool) -> &'static str {
        if postgres { self.postgres } else { self.sqlite }
    }
}

/// What a word of `sql_by_engine!` stands for on PostgreSQL. A lock names no key, so that rows that
/// refer to the locked one may come and go.
macro_rules! postgres {
    (ids) => {
        "= any (translate($2, '[]\"', '{}')::uuid[])"
    };
    (given) => {
        "(select distinct id
          from unnest(translate($2, '[]\"', '{}')::uuid[]) as listed (id)
          order by id) as given
         cross join lateral"
    };
    (given_groups) => {
        "(select distinct id
          from unnest(translate($2, '[]\"', '{}')::uuid[]) as listed (id)
          order by id) as given
         cross join lateral (
             select g.id
             from groups g
             where g.organization_id = $1 and g.directory_id = $4 and g.id = given.id
             offset 0) as found"
    };
    (texts) => {
        "= any (array(select jsonb_array_elements_text($2::jsonb)))"
    };
    (pairs) => {
        "select $1::uuid, $2::uuid, $3::uuid, value->>0, value->>1
         from jsonb_array_elements($4::jsonb)"
    };
    (groups) => {
        "(select coalesce(json_agg(json_build_array(g.id, g.display_name,
              exists (select 1 from group_members n where n.member_id = g.id)::int)
              order by g.id), '[]')::text
          from members m
          join groups g on g.id = m.group_id
          where m.user_id = u.id)"
    };
    (locked) => {
        " for no key update"
    };
    (leaving) => {
        " for update"
    };
    ({ $postgres:literal, $sqlite:literal $(,)? }) => {
        $postgres
    };
    (($($call:tt)+)) => {
        $($call)+
    };
    ($text:literal) => {
        $text
    };
}
pub(super) use postgres;

/// What a word of `sql_by_engine!` stands for on SQLite, which has one writer and needs no locks.
macro_rules! sqlite {
    (ids) => {
        "in (select unhex(value, '-') from json_each($2))"
    };
    (given) => {
        "(select distinct unhex(value, '-') as id
          from json_each($2)) as given
         cross join"
    };
    (given_groups) => {
        "(select distinct unhex(value, '-') as id
          from json_each($2)) as given
         cross join groups found
         where found.organization_id = $1 and found.directory_id = $4 and found.id = given.id"
    };
    (texts) => {
        "in (select value from json_each($2))"
    };
    (pairs) => {
        "select $1, $2, $3, value->>0, value->>1
         from json_each($4)
         where true"
    };
    (groups) => {
        "(select json_group_array(json_array(lower(hex(g.id)), g.display_name,
              exists (select 1 from group_members n where n.member_id = g.id)) order by g.id)
          from members m
          join groups g on g.id = m.group_id
          where m.user_id = u.id)"
    };
    (locked) => {
        ""
    };
    (leaving) => {
        ""
    };
    ({ $postgres:literal, $sqlite:literal $(,)? }) => {
        $sqlite
    };
    (($($call:tt)+)) => {
        $($call)+
    };
    ($text:literal) => {
        $text
    };
}
pub(super) use sqlite;

/// Columns as SQLite lists them, and the name of the key on PostgreSQL.
pub(super) const UNIQUE_KEYS: &[(&str, &str)] = &[
    ("organizations.slug", "organizations_slug_key"),
    ("operator_tokens.public_part", "operator_tokens_public_part_key"),
    ("domains.organization_id, domains.name", "domains_name_key"),
    ("domains.name", "domains_owner_key"),
    ("directory_tokens.public_part", "directory_tokens_public_part_key"),
    ("client_tokens.public_part", "client_tokens_public_part_key"),
    ("users.directory_id, users.user_name_key", "users_user_name_key"),
    ("users.directory_id, users.external_id", "users_external_id_key"),
    ("users.organization_id, users.user_name_key", "users_local_user_name_key"),
    ("groups.directory_id, groups.display_name_key", "groups_display_name_key"),
    ("groups.directory_id, groups.external_id", "groups_external_id_key"),
    ("resources.organization_id, resources.kind, resources.key_folded", "resources_key"),
    ("roles.organization_id, roles.key", "roles_key"),
    ("duplicates.user_id, duplicates.other_id", "duplicates_once_key"),
    ("logins.state_hash", "logins_state_hash_key"),
    ("sessions.hash", "sessions_hash_key"),
    ("password_links.token_hash", "password_links_token_hash_key"),
    ("api_tokens.public_part", "api_tokens_public_part_key"),
    ("invites.token_hash", "invites_token_hash_key"),
    ("invites.organization_id, invites.class, invites.email_key", "invites_pending_key"),
    ("saml_results.handle_hash", "saml_results_handle_hash_key"),
    ("identities.connection_id, identities.subject", "identities_pkey"),
    ("identities.id", "identities_id_key"),
    (
        "grants.user_id, grants.role, grants.reach, grants.resource_kind, grants.resource_key, \
         grants.source, grants.source_id, grants.organization_id",
        "grants_once_key",
    ),
];

/// A statement of this file by its name; it says whether the engine is PostgreSQL.
#[cfg(test)]
type Listed = (&'static str, fn(bool) -> &'static str);

/// Every statement of this file, so that one test can prepare them all.
#[cfg(test)]
pub(super) const STATEMENTS: &[Listed] = &[
    ("migrated", migrated),
    ("claim", claim),
    ("hold_rule_set", |postgres| hold_rule_set(postgres, Hold::Shared)),
    ("hold_rule_set", |postgres| hold_rule_set(postgres, Hold::Alone)),
    ("hold_person", hold_person),
    ("hold_persons", hold_persons),
];

/// The key that a unique violation broke; `None` for one that this table does not name.
pub(super) fn unique_key(error: &dyn DatabaseError) -> Option<UniqueKey> {
    if let Some(name) = error.constraint() {
        return UNIQUE_KEYS.iter().find(|(_, key)| *key == name).map(|(_, key)| UniqueKey(key));
    }
    let columns = error.message().strip_prefix("UNIQUE constraint failed: ")?;
    UNIQUE_KEYS.iter().find(|(listed, _)| *listed == columns).map(|(_, key)| UniqueKey(key))
}

/// Counts the table of migrations: 0 before the first one.
pub(super) const fn migrated(postgres: bool) -> &'static str {
    if postgres {
        "select count(*) from pg_tables
         where schemaname = current_schema() and tablename = '_sqlx_migrations'"
    } else {
        "select count(*) from sqlite_master where name = '_sqlx_migrations'"
    }
}

/// Claims due rows of one lane of the outbox: `$1` now, `$2` locked until, `$3` how many, `$4`
/// whether mail. PostgreSQL skips rows that another worker is claiming, and looks for them once,
/// whatever the planner expects of the table; SQLite has one writer.
pub(super) const fn claim(postgres: bool) -> &'static str {
    if postgres {
        "update outbox
         set locked_until = $2, attempts = attempts + 1
         where id = any (array(
             select id
             from outbox
             where run_at <= $1 and (locked_until is null or locked_until <= $1)
                 and (kind = 'mail') = $4
             order by run_at, id
             limit $3 + 0
             for update skip locked))
         returning id, organization_id, kind, key, payload, attempts"
    } else {
        "update outbox
         set locked_until = $2, attempts = attempts + 1
         where id in (
             select id
             from outbox
             where run_at <= $1 and (locked_until is null or locked_until <= $1)
                 and (kind = 'mail') = $4
             order by run_at, id
             limit $3 + 0)
         returning id, organization_id, kind, key, payload, attempts"
    }
}

/// Holds the rule set of `$1` until commit: shared by those who change facts, alone by those who
/// change rules or resources. The weakest shared lock lets progress be noted meanwhile.
pub(super) const fn hold_rule_set(postgres: bool, hold: Hold) -> &'static str {
    match (postgres, hold) {
        (true, Hold::Shared) => {
            "select version, applied_version, state, users_total, users_done, error,
                 roles_version
             from rule_sets
             where organization_id = $1
             for key share"
        }
        (true, Hold::Alone) => {
            "select version, applied_version, state, users_total, users_done, error,
                 roles_version
             from rule_sets
             where organization_id = $1
             for update"
        }
        (false, _) => {
            "select version, applied_version, state, users_total, users_done, error,
                 roles_version
             from rule_sets
             where organization_id = $1"
        }
    }
}

/// What rules read of a user. They reach those of directories and of sign-ins: nobody of the
/// billing system and no sub-user.
macro_rules! person {
    () => {
        "select id, directory_id, document,
             (directory_id is not null or source = 'sso' or (source in ('invite', 'api')
                and exists (select 1 from identities i where i.user_id = users.id))) as reached
         from users"
    };
}

/// Holds user `$2` until commit and reads what rules read of her. Rows that refer to her may still
/// come: only the user herself is held.
pub(super) const fn hold_person(postgres: bool) -> &'static str {
    if postgres {
        concat!(
            person!(),
            "
             where organization_id = $1 and id = $2
             for no key update"
        )
    } else {
        concat!(
            person!(),
            "
             where organization_id = $1 and id = $2"
        )
    }
}

/// Holds a hundred users until commit, in the order of their ids.
pub(super) const fn hold_persons(postgres: bool) -> &'static str {
    if postgres {
        concat!(
            person!(),
            "
             where organization_id = $1 and id in (",
            places!(),
            ")
             order by id
             limit 100
             for no key update"
        )
    } else {
        concat!(
            person!(),
            "
             where organization_id = $1 and id in (",
            places!(),
            ")
             order by id
             limit 100"
        )
    }
}

/// Tells every process that listens on PostgreSQL; SQLite has nobody to tell.
pub(super) const NOTIFY: &str = "select pg_notify('portico_access', '')";
/// Where they listen.
pub(super) const CHANNEL: &str = "portico_access";

/// Our own tables of PostgreSQL of which at least `$1` rows, and twice what the planner believes
/// there is, came, changed or went since they were counted. Another role's cannot be counted.
pub(super) const GROWN: &str = "
    select s.relname::text
    from pg_stat_user_tables s
    join pg_class c on c.oid = s.relid
    where s.schemaname = current_schema() and pg_has_role(c.relowner, 'usage')
        and s.n_mod_since_analyze >= $1
        and s.n_mod_since_analyze >= 2 * greatest(c.reltuples, 0)";
/// Tables that grow with the number of people, and how each is counted.
pub(super) const COUNTED: [(&str, &str); 20] = [
    ("users", "analyze users"),
    ("user_values", "analyze user_values"),
    ("groups", "analyze groups"),
    ("members", "analyze members"),
    ("group_members", "analyze group_members"),
    ("pending_members", "analyze pending_members"),
    ("grants", "analyze grants"),
    ("unresolved", "analyze unresolved"),
    ("resources", "analyze resources"),
    ("events", "analyze events"),
    ("access_changes", "analyze access_changes"),
    ("exchanges", "analyze exchanges"),
    ("identities", "analyze identities"),
    ("sessions", "analyze sessions"),
    ("logins", "analyze logins"),
    ("sign_ins", "analyze sign_ins"),
    ("invites", "analyze invites"),
    ("outbox", "analyze outbox"),
    ("webhook_deliveries", "analyze webhook_deliveries"),
    ("tombstones", "analyze tombstones"),
];
