//! Sign-in with a real OpenID provider, as a browser does it.

mod connection;
mod page;
mod removed;
mod rig;
mod session;
mod sign_in;
