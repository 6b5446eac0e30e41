# What people type. The scripts do the work and can be called alone.

.PHONY: run test test-long bench check setup

# What rustup installs is found in this very run.
export PATH := $(PATH):$(HOME)/.cargo/bin

# A gateway to look at, with filled data and a provider to sign in with.
run: setup
	cargo run --release --locked -- demo

# Every test, on SQLite and on a PostgreSQL of its own.
test: setup
	scripts/test

# What takes longer, or needs more programs: walks with LemonLDAP::NG.
test-long:
	@scripts/setup long
	scripts/test-long

# Figures beside limits of the same run, built for release.
bench: setup
	scripts/bench

# What is checked before anything is compiled for tests.
check:
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings
	cargo test --locked --quiet --test tidy

# Installs what a fresh Debian 12 machine lacks.
setup:
	@scripts/setup
