//! Access as strangers see it: rules that follow the directory, decisions, many users, many nodes.

mod asking;
mod brake;
mod ceiling;
mod decision;
mod mapping;
mod nested;
mod nodes;
mod platform_camera_fleet;
mod platform_field_vision;
mod platform_media_cloud;
mod recompute;
mod search;
mod vacancy;
mod wide;
mod world;
