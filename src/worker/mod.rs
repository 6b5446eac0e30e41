//! The loop that carries out what transactions left in the outbox.
