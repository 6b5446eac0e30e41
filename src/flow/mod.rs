//! Verbs: one transaction each. A flow never talks to the world.
