//! Access as strangers see it: rules that follow the directory, decisions, many users, many nodes.

mod asking;
mod brake;
mod ceiling;
mod decision;
mod limits;
mod mapping;
mod nested;
mod nodes;
mod platform_camera_fleet;
mod platform_field_vision;
mod platform_media_cloud;
mod platform_vms;
mod preview;
mod recompute;
mod search;
mod vacancy;
mod wide;
mod world;
