//! Writes through the runner on both engines, and what a young database costs.

mod runner;
mod young;
