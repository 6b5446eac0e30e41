//! Settings: raw values from command line, environment and file, then checked ones.
