//! Access: grants that rules give in the write that changed a fact, and decisions from memory.

pub mod live;
