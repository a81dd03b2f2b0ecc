# `make` alone lists what there is.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help build release test browser check lint doc demo prove model simulate chaos drill fuzz mutants bench lists rules traces image chart deploy supply sbom up down fmt \
	clean-run

LOCAL := deploy/local

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build everything, debug
	cargo build --workspace --locked

release: ## build the binary for production
	cargo build --release --locked -p oncepost

test: ## run all tests against private servers, installing these first on a Debian without them
	@$(LOCAL)/install.sh
	@$(LOCAL)/test.sh

browser: ## try the console's screens in a real browser (Chromium, axe); SHOTS=folder keeps pictures, ARGS=--stand only serves a filled console
	@SHOTS=$(SHOTS) $(LOCAL)/browser.sh $(ARGS)

check: lint test doc ## what to run before a commit: format, lints, tests, documentation

lint: ## format and lints, without changing a file
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

doc: ## build the documentation, warnings denied
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

demo: ## publish through every failure on one machine; REAL=1 uses RabbitMQ, Redis and PostgreSQL
	@REAL=$(REAL) $(LOCAL)/demo.sh

prove: ## check every promise: model, simulation, chaos, 15 minutes and the builds; RECORD=1 makes the figures of GUARANTEES.md anew, 2 hours
	@$(LOCAL)/prove.sh $(if $(RECORD),--record)

model: ## check the delivery protocol in every state, within bounds; ARGS="--only TEXT" (in the name), "--short", "--long", "--threads N", "--record FILE"
	@echo "building oncepost-model, release (minutes the first time) …" >&2
	@cargo build --release --locked --quiet -p oncepost-model
	@target/release/oncepost-model $(ARGS)

SEEDS ?= 1000
FIRST_SEED ?= 1

simulate: ## play whole runs on a virtual clock, each decided by its seed: SEEDS=1000 FIRST_SEED=1, ARGS="--story", "--broken NAME" or "--record FILE"
	@echo "building oncepost-simulation, release (minutes the first time) …" >&2
	@cargo build --release --locked --quiet -p oncepost-simulation
	@target/release/oncepost-simulate --seeds $(SEEDS) --first-seed $(FIRST_SEED) $(ARGS)

chaos: ## kill and cut everything on real servers while posts go out; ARGS="--kills 200 --seconds 1000 --seed 7" and others
	@$(LOCAL)/chaos.sh $(ARGS)

drill: ## end, replace, add and start processes without their stores while posts go out; ARGS="--only roll --posts 1000" and others
	@$(LOCAL)/drill.sh $(ARGS)

fuzz: ## throw garbage at every parser for SECONDS each (20), or at one TARGET; RECORD=FILE keeps the result
	@$(LOCAL)/fuzz.sh $(if $(TARGET),--target $(TARGET)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(RECORD),--record $(RECORD))

mutants: ## break the domain's decisions on purpose, one by one, and tell which breaks no test notices; ARGS="--record FILE"
	@$(LOCAL)/mutants.sh $(ARGS)

bench: ## measure speed, lateness and size of the release build beside what each part takes at most; ARGS="--runs 5 --pending 1000000" and others
	@$(LOCAL)/install.sh
	cargo build --release --locked --quiet -p oncepost -p oncepost-harness
	cargo build --release --locked --quiet -p oncepost-broker -p oncepost-ledger -p oncepost-guard -p oncepost-harness --examples
	target/release/oncepost-bench $(ARGS)

lists: ## measure how long each list takes to answer with 1,000,000 targets in the ledger; ARGS="--targets N", "--only TEXT" and others
	@$(LOCAL)/install.sh
	cargo build --release --locked --quiet -p oncepost -p oncepost-harness
	target/release/oncepost-lists $(ARGS)

rules: ## check alerts, runbooks, dashboards and service levels with Prometheus' own tools, and that they fit together
	@$(LOCAL)/rules.sh

traces: ## check the traces end to end: real servers and processes, and a receiver of spans that is not ours
	@deploy/traces/traces.sh $(ARGS)

image: ## build the image and start it, with buildah (root): a release build; ARGS="--binary FILE" puts a built program in, "--manifests" stops before cargo
	@deploy/image/image.sh $(ARGS)

chart: ## check the Helm chart with a real helm: lint, render, validate, ask for facts; ARGS=--copy first copies alerts and dashboards into it
	@deploy/chart/chart.sh $(ARGS)

deploy: ## check compose file, broker definitions, every container's settings; run the chart's containers as processes and kill their stores
	@deploy/check.sh

supply: ## check licences, sources, banned and vulnerable crates, and the workflows; ARGS=--offline leaves out the advisories, and says so
	@deploy/supply/supply.sh $(ARGS)

sbom: ## list what the program is built of, as CycloneDX: target/sbom/oncepost.cdx.json
	@deploy/supply/sbom.sh

up: ## start Redis, RabbitMQ and PostgreSQL under ./.run and print their addresses
	@$(LOCAL)/install.sh
	@$(LOCAL)/up.sh

down: ## stop what `up` started; the data stay
	@$(LOCAL)/down.sh

fmt: ## format the code
	cargo fmt --all

clean-run: down ## stop what `up` started and throw its data away
	rm -rf .run
