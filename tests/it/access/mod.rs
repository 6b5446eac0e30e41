//! Access as strangers see it: rules that follow the directory, decisions, many users, many nodes.

mod decision;
mod mapping;
mod nested;
mod nodes;
mod recompute;
mod search;
mod wide;
mod world;
