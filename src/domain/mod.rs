//! Our nouns and decisions: values and pure functions, no I/O, no async, no wall clock.
