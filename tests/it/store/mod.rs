//! Writes through the runner, on both engines.

mod runner;
