//! Logs and metrics: one line per request, no personal values.
