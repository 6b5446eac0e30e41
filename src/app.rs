//! The built parts that handlers and workers share.
