//! Access as strangers see it: rules that follow the directory, decisions, many users, many nodes.

mod brake;
mod ceiling;
mod custom;
mod custom_preview;
mod decision;
mod explain;
mod guests;
mod mapping;
mod model;
mod nested;
mod nodes;
mod people;
mod platform;
mod preview;
mod recompute;
mod replace;
mod search;
mod vacancy;
mod wide;
mod world;
