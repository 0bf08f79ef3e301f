# The two commands of this repository are `make run` and `make test`. Everything else is cargo.

.PHONY: help run test fmt bench
.DEFAULT_GOAL := help

help: ## Lists these targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

run: ## Installs what is missing, builds, and opens the conversation in the browser
	@scripts/install-system.sh run
	cargo build --release --locked --package smes
	./target/release/smes serve --open

test: ## Installs what is missing and runs every check and test, the browser's too
	@scripts/install-system.sh test
	cargo xtask check

fmt: ## Formats the sources
	cargo fmt --all

bench: ## Measures the encoder on this machine
	cargo run --release --locked --package smes-nn --example bench_bert
