# The few commands people type. On a fresh machine (Debian 12, root, with cargo) `make test` and
# `make demo` do everything themselves and say what they are doing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build manual test test-fast test-vm demo bench soak lint clean

# Guests that run at the same time. Each has two processors, under emulation.
VM_JOBS ?= 2

# nixpkgs' lib directory, for the tests of the NixOS module. Without it they say that they were skipped.
export BLANKSLATE_NIXPKGS_LIB ?=

# Tests make files with the modes that they then look for.
usual_modes = umask 022;

say = @printf '\n== %s\n'

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target text; do \
	  printf 'make %-10s %s\n' "$$target" "$$text"; done

setup: ## install what the VM tests need (Debian 12, root); does nothing the second time
	@./vm-tests/setup

build: ## build the programs as they are shipped
	$(say) 'Building the programs'
	@cargo build --release -p blankslate-initrd
	@cargo build --profile fast --bins

manual: ## write the manual pages and shell completions
	@cargo run -q --example manual -- target/manual
	@install -Dm644 -t target/manual/man/man5 docs/man/*.5
	@install -Dm644 -t target/manual/man/man8 docs/man/*.8
	@echo 'target/manual has the pages and the completions. To look at one: man -l target/manual/man/man1/blankslate.1'

test: setup test-fast test-vm ## everything: unit and integration tests, then real ZFS in QEMU

test-fast: ## all tests that need no VM
	@pkg-config --exists libzfs_core || { echo 'libzfs is missing: run make setup' >&2; exit 1; }
	$(say) 'Testing the library and its programs'
	@$(usual_modes) cargo test --workspace --exclude vm-tests
	$(say) 'Testing blankslate-initrd as it is built for the initrd'
	@$(usual_modes) cargo test -p blankslate-initrd

test-vm: setup build ## the tests on a real kernel with real ZFS, in QEMU
	$(say) 'Testing in QEMU, a few minutes (logs stay in target/vm)'
	@$(usual_modes) cargo test --no-fail-fast -p vm-tests -- --test-threads $(VM_JOBS)

demo: setup build ## watch a host lose its root and keep what it declared
	@cargo run -q -p vm-tests --bin demo

bench: setup build ## measure speed, as ratios against what people use today
	@cargo run -q -p vm-tests --bin bench
	@benches/place target/fast/blankslate
	@cargo build -q --profile fast --example floor
	@benches/scan target/fast/what-will-i-lose

soak: setup build ## cut the power 64 times during the boot step, about 20 minutes
	@$(usual_modes) BLANKSLATE_CUTS=64 cargo test -p vm-tests --test power_cut any_instant -- --nocapture

lint: ## formatting and clippy, warnings denied
	$(say) 'Checking the format'
	@cargo fmt --all --check
	$(say) 'Checking with clippy, each package with its own features'
	@cargo clippy --workspace --all-targets -- -D warnings
	@cargo clippy -p blankslate --all-targets -- -D warnings
	@cargo clippy -p blankslate --no-default-features -- -D warnings
	@cargo clippy -p blankslate-initrd --all-targets -- -D warnings
	@cargo clippy -p vm-tests --all-targets -- -D warnings

clean: ## remove what was built; the cache of make setup stays
	@cargo clean
