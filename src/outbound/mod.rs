//! The world: guarded HTTP and OIDC providers. Never called inside a transaction.
