//! Access as strangers see it: rules that follow the directory, decisions, many users, many nodes.

mod brake;
mod ceiling;
mod custom;
mod custom_preview;
mod decision;
mod mapping;
mod nested;
mod nodes;
mod people;
mod recompute;
mod search;
mod vacancy;
mod wide;
mod world;
