# What people type. The scripts do the work and can be called alone.

.PHONY: run test bench check setup

# A gateway to look at, with filled data and a provider to sign in with.
run:
	cargo run --release --locked -- demo

# Every test, on SQLite and on a PostgreSQL of its own.
test:
	scripts/test

# Figures of the engine, built for release.
bench:
	cargo bench --locked

# What is checked before anything is compiled for tests.
check:
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings
	cargo test --locked --quiet --test tidy

# Installs what a fresh Debian 12 machine lacks.
setup:
	scripts/setup
