//! Sign-in with a real OpenID provider, as a browser does it.

mod attacks;
pub mod canaille;
mod certified;
mod connection;
mod domain_proof;
mod hostile;
mod journal;
mod liar;
mod linking;
mod logout;
mod page;
mod register;
mod rekey;
mod removed;
mod rig;
mod session;
mod sign_in;
