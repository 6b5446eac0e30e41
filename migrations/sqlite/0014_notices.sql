-- What is told ahead of the end of a token of a person or organization: which notice was.
alter table api_tokens add column noticed_days integer;
create index api_tokens_expiry on api_tokens (expires_at, id) where revoked_at is null;
