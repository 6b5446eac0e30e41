//! SQL, and nothing but SQL knows SQL.
