-- Tokens and clients that were revoked go after a while.
create index api_tokens_revoked on api_tokens (revoked_at) where revoked_at is not null;
create index directory_tokens_revoked on directory_tokens (revoked_at)
    where revoked_at is not null;
create index directory_clients_revoked on directory_clients (revoked_at)
    where revoked_at is not null;
