# Targets with a "##" comment are listed by a bare `make`.
CARGO ?= cargo
CARGO_DENY_VERSION := 0.20.2
CARGO_TARPAULIN_VERSION := 0.37.5
INSTRUMENTED := target/instrumented

.DEFAULT_GOAL := help
.PHONY: help demo test lint doc-coverage format bench coverage clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build the Teamleader connector and run its demo: nothing needed but Rust and a C compiler
	$(CARGO) run --release --locked --package teamleader --bin tl-connector -- demo

# Binaries and tests are built in one go: built apart, dependencies whose features only the tests
# switch on would be compiled twice.
test: ## run all tests, whole-system ones included (finds PostgreSQL, Node.js, Python and Chromium, or installs them where it may)
	POSTGRES_BIN="$$(tests/find-postgres --install)" && export POSTGRES_BIN && \
	NODE_BIN="$$(tests/find-node --install)" && export NODE_BIN && \
	CONNECTOR_PY="$$(tests/find-connector-py --install)" && export CONNECTOR_PY && \
	tests/find-chromium --install >/dev/null && \
	$(CARGO) build --workspace --bins --tests --examples && \
	$(CARGO) test --workspace --no-fail-fast

lint: ## check formatting, clippy, documentation, licences and sources, warnings being errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked --version $(CARGO_DENY_VERSION) cargo-deny
	$(CARGO) deny --locked check --hide-inclusion-graph bans licenses sources

# A figure for each library, and the list of what lacks documentation under `make lint`.
doc-coverage: ## print how many public items have documentation
	tests/doc-coverage

format: ## format all sources
	$(CARGO) fmt --all

# What is measured is built as it ships; the program that measures is not what is measured.
bench: ## measure start-up, throughput and memory (BENCH=--quick for a look, BENCH=load for one section)
	POSTGRES_BIN="$$(tests/find-postgres --install)" && export POSTGRES_BIN && \
	$(CARGO) build --release --locked --package teamleader --package connectors --package many-capabilities --bins && \
	$(CARGO) run --package system-tests --bin bench -- "$${CARGO_TARGET_DIR:-target}/release/tl-connector" $(BENCH)

# The binaries that the system tests run are instrumented too, which tarpaulin does not do by itself.
coverage: ## run the tests and write their line coverage to target/coverage
	@$(CARGO) tarpaulin --version >/dev/null 2>&1 || $(CARGO) install --locked --version $(CARGO_TARPAULIN_VERSION) cargo-tarpaulin
	RUSTFLAGS="$$($(CARGO) tarpaulin --print-rust-flags --engine llvm | sed -n 's/^RUSTFLAGS="\(.*\)"$$/\1/p')" \
	$(CARGO) build --workspace --bins --tests --examples --target-dir $(INSTRUMENTED)
	POSTGRES_BIN="$$(tests/find-postgres --install)" && export POSTGRES_BIN && \
	NODE_BIN="$$(tests/find-node --install)" && export NODE_BIN && \
	CONNECTOR_PY="$$(tests/find-connector-py --install)" && export CONNECTOR_PY && \
	tests/find-chromium --install >/dev/null && \
	$(CARGO) tarpaulin --engine llvm --workspace --skip-clean --target-dir $(INSTRUMENTED) \
		--objects $(INSTRUMENTED)/debug/tl-connector --out Html --out Lcov --output-dir target/coverage

clean: ## remove everything that was built
	$(CARGO) clean
