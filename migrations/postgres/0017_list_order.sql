-- Lists of people are ordered by the name that is shown, the e-mail address and the last sign-in.
create index users_shown on users
    (organization_id, (coalesce(display_name_key, user_name_key)), id);
create index users_address on users (organization_id, (coalesce(email_key, user_name_key)), id);
create index users_seen on users (organization_id, (coalesce(last_sign_in_at, 0)), id);
