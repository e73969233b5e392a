# `make run` and `make test` need nothing before them: the scripts in .ci install what is missing and say what they do.

.DEFAULT_GOAL := help
.PHONY: help run examples build test pictures verify prepared bench lint fmt payload behaviours clean

# Where cargo builds.
BUILT := $(or $(CARGO_TARGET_DIR),target)

# Another wrapper of the environment, such as sccache, would leave paths of this machine in the programs.
export RUSTC_WRAPPER := $(CURDIR)/.ci/rustc

# All packages with one set of features, so that none is compiled twice.
ALL := --workspace --features headcount-frontend/ui,headcount-frontend/bundle

# The programs that users run are the tested ones.
TESTED := HEADCOUNT_BIN=$(abspath $(BUILT)/release/headcount) HEADCOUNT_DEMO=$(abspath $(BUILT)/release/demo)

# What the tests have seen the tracker do, in which engine.
SEEN := $(BUILT)/tmp/behaviours

# Tests wait for processes most of the time; those that use a browser wait for their turn.
AT_ONCE := $(shell echo $$((4 * $$(nproc))))

# What is timed in a browser does not wait for a core, where that is allowed.
FIRST := $(shell chrt --rr 5 true 2>/dev/null && echo chrt --rr 5)

help: ## Lists what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Starts the demo: a server on 127.0.0.1:8080 that reports to a collector on 127.0.0.1:8081
	@exec $(BUILT)/release/demo

examples: ## Serves three example applications and one server, on 127.0.0.1:8080, that counts them all
	@.ci/install build examples
	@.ci/wasm
	@.ci/examples
	.ci/release headcount showcase
	@exec $(BUILT)/release/showcase

build: ## Builds the browser programs, the server (target/release/headcount) and the demo
	@.ci/install build
	@.ci/wasm
	.ci/release headcount demo
	@.ci/no-paths $(BUILT)/release/headcount

test: prepared ## Runs all tests, those in real browsers included: within 40 minutes on two cores, the builds included
	@rm -rf $(SEEN)
	$(TESTED) cargo test $(ALL) -- --test-threads $(AT_ONCE)
	@cargo build --quiet $(ALL) --bin behaviours
	@$(BUILT)/debug/behaviours $(SEEN) docs/tracker.md --check

pictures: prepared ## Accepts how the pages look now, and takes the pictures in docs/pictures
	HEADCOUNT_ACCEPT_PICTURES=1 $(TESTED) cargo test $(ALL) --test e2e -- accepted_pictures::

verify: export HEADCOUNT_SLICE_OF := $(HEADCOUNT_SLICE_OF)
verify: prepared ## Runs what takes longer with all its rounds: every call that a program can be killed at, forty races of tabs, 100,000 attacks on what is published
	@$(TESTED) .ci/verify $(ALL)

# What tests need.
prepared:
	@.ci/install build test examples
	@.ci/wasm
	@.ci/wasm leptos
	@.ci/examples
	.ci/release headcount demo
	@.ci/no-paths $(BUILT)/release/headcount

bench: ## Measures, prints figures beside their bounds, and fails outside of them
	@.ci/install build test
	@.ci/wasm
	cargo bench -p headcount --bench measures --no-run
	cargo bench -p headcount-e2e --bench tracker --bench fleet_pages --bench interface --no-run
	.ci/release headcount demo
	@# All are measured, also when one is outside its bounds.
	cargo bench -p headcount --bench measures; server=$$?; \
	    $(FIRST) cargo bench -p headcount-e2e --bench tracker; tracker=$$?; \
	    $(TESTED) $(FIRST) cargo bench -p headcount-e2e --bench fleet_pages; pages=$$?; \
	    $(TESTED) $(FIRST) cargo bench -p headcount-e2e --bench interface && exit $$((server + tracker + pages))

lint: ## Checks the format, clippy, the documentation and licences, with warnings as errors
	@.ci/lint

fmt: ## Formats the code
	cargo fmt --all

payload: ## Brings the tables of fields and headers in docs/payload.md up to date
	@mkdir -p $(BUILT)
	@cargo run --quiet -p headcount-shared --example fields > $(BUILT)/fields.md
	@sed -i -e '/<!-- fields -->/,/<!-- \/fields -->/{/<!--/!d}' -e '/<!-- fields -->/r $(BUILT)/fields.md' docs/payload.md
	@cargo run --quiet -p headcount-shared --example headers > $(BUILT)/headers.md
	@sed -i -e '/<!-- headers -->/,/<!-- \/headers -->/{/<!--/!d}' -e '/<!-- headers -->/r $(BUILT)/headers.md' docs/payload.md

behaviours: ## Brings the table in docs/tracker.md up to date with the last `make test`
	@cargo build --quiet $(ALL) --bin behaviours
	@$(BUILT)/debug/behaviours $(SEEN) docs/tracker.md

clean: ## Removes everything that was built
	cargo clean
	rm -rf frontend-tracker/dist frontend-tracker/npm/index.js frontend-tracker/npm/script.js frontend-tracker/npm/tracker_bg.wasm
