# Needs GNU make, Python 3.11 to 3.13 and a network; `make help` lists the commands.

PYTHON ?= python3
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install demo up down env payload diff wave-pause wave-resume wave-cancel stop-all preflight reports legacy migrate simulator bench bench-console bench-latency bench-peers test test-quick prove check mapping new-dialect sample simulate chaos cluster soak answers audit browser
.PHONY: decide rerun crosswalk late-changes differences own wave-close wave-open take-over purge archive supply sign

# Byte code is compiled once, at installation: without it Airflow takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport PYTHONHOME
unexport VIRTUAL_ENV

# A Python that the caller named is obeyed; otherwise an environment that is there is kept, whatever made it.
VENV := .venv/bin
CHOSEN := $(if $(filter file default undefined,$(origin PYTHON)),,--chosen)
KEPT := $(if $(CHOSEN),,$(shell test -x $(VENV)/python && echo $(VENV)/python))
INSTALLER := $(or $(KEPT),$(PYTHON))
STACK := $(VENV)/python -m kraken_import.local

# A variable that nothing reads, such as STATES for STATE, would pass without a word, and rerun a whole wave.
VARIABLES := ACCOUNTS SEED PORT_BASE KRAKEN_URL KRAKEN_TOKEN KRAKEN_TOKEN_FILE LEGACY_DSN LEGACY_DSN_FILE \
	TRACKING_DSN TRACKING_DSN_FILE TRACKING_OWNER_DSN TRACKING_OWNER_DSN_FILE LIVE SAVE DIALECT ID LIMIT NAME \
	WAVE REASON ANSWER KRAKEN BATCH STATE CODE ERROR_PATH NOT_PROCESSED OWNER KIND NOTE FOLDER DAYS \
	SEEDS ABLATE ROUNDS KILL WITHIN INPUTS N CONTRACT PYTHON POSTGRES_BIN REDIS_URL KEY OSV_URL CHROMIUM
GIVEN := $(foreach each,$(subst \ ,,$(MAKEOVERRIDES)),$(if $(findstring =,$(each)),$(firstword $(subst =, ,$(each)))))
UNKNOWN := $(filter-out $(VARIABLES) AIRFLOW__% MIGRATION_%,$(GIVEN))
ifneq ($(strip $(UNKNOWN)),)
$(error There is no variable $(strip $(UNKNOWN)): `make help` lists those there are)
endif

# Every user of a machine can read what its processes were started with, and so what stands behind `make`.
LOGIN = $(firstword $(subst @, ,$(lastword $(subst ://, ,$(firstword $($(1)))))))
OPEN := $(filter command%,$(origin KRAKEN_TOKEN)) $(foreach each,LEGACY_DSN TRACKING_DSN TRACKING_OWNER_DSN,$(if $(filter command%,$(origin $(each))),$(if $(findstring @,$($(each))),$(findstring :,$(call LOGIN,$(each))))))
ifneq ($(strip $(OPEN)),)
$(error A token or a password stands on the command line of make, where other users of this machine can read it: put it into the environment, or name a file by KRAKEN_TOKEN_FILE, LEGACY_DSN_FILE, TRACKING_DSN_FILE or TRACKING_OWNER_DSN_FILE)
endif

help: ## List the commands and variables
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "  %-16s %s\n", $$1, $$2}'
	@echo
	@echo "Variables: $(VARIABLES)" | fold -s -w 100
	@echo "For example: make demo ACCOUNTS=20000"

install: ## Create .venv from requirements.txt (every other command does so when needed)
	@command -v $(INSTALLER) >/dev/null || { echo "$(PYTHON) is not installed: Python 3.11 to 3.13 is needed." >&2; exit 1; }
	@$(INSTALLER) bin/bootstrap.py $(CHOSEN)

demo: install ## Bring everything up and migrate the next ACCOUNTS customers of each dialect (elsewhere: LIVE=yes)
	@$(STACK) demo

up: install ## Start Postgres, the stand-in Kraken and Airflow
	@$(STACK) up

down: $(if $(wildcard .run/stack.json),install) ## Stop all of it
	@if [ -x $(VENV)/python ]; then $(STACK) down; else echo "Nothing was running."; fi

env: install ## Print every address, DSN and login of the running stack as KEY=VALUE
	@$(STACK) env

payload: install ## Print what validate would be sent: DIALECT=edf_accounts ID=EXTERNAL-1234 (or ID=a,b or LIMIT=)
	@$(STACK) payload

diff: install ## Compare a payload built now with those of the last rehearsal and live try: DIALECT= ID=
	@$(STACK) diff

wave-pause: install ## Send no further create of WAVE (id or name) until it is resumed; REASON= says why
	@$(STACK) wave-pause

wave-resume: install ## Let a paused WAVE go on
	@$(STACK) wave-resume

wave-cancel: install ## Send no further create of WAVE, for good
	@$(STACK) wave-cancel

stop-all: install ## Send no further create of any wave or rerun (of KRAKEN= only, if given); REASON= says why
	@$(STACK) stop-all

decide: install ## Say whether Kraken has records ID= of WAVE that its answers do not prove: ANSWER=there or absent, REASON=
	@$(STACK) decide

preflight: install ## Build and check ACCOUNTS customers of DIALECT without a call to Kraken; report what to mend
	@$(STACK) preflight

reports: install ## List the reports of the waves that ran here
	@$(STACK) reports

legacy: install ## Refill the legacy database with ACCOUNTS generated customers from SEED
	@$(STACK) legacy

migrate: install ## Bring the schema of the tracking database at TRACKING_DSN up to date
	@$(STACK) migrate

simulator: install ## Run the stand-in Kraken alone, in the foreground
	@$(STACK) simulator

bench: install ## Measure build rates, then rate, memory and CPU ledger of a wave of ACCOUNTS (20,000); SAVE=yes keeps it
	@$(STACK) bench

bench-console: install ## Measure the console's pages over 1,000,000 records, and what 20 open consoles cost a running wave
	@$(VENV)/python benchmarks/console.py

bench-latency: install ## Measure what share of a distant Kraken's requests at once a wave uses, 50 and 250 ms away
	@$(VENV)/python benchmarks/latency.py $(if $(ACCOUNTS),--accounts $(ACCOUNTS))

bench-peers: install ## Measure dlt, a Singer target, requests, threads, aiohttp and httpx beside a wave; kill each once
	@$(VENV)/python -m benchmarks.peers $(if $(ACCOUNTS),--accounts $(ACCOUNTS))

rerun: install ## Rerun records: WAVE= BATCH= STATE= CODE= ERROR_PATH= ID= or NOT_PROCESSED=1 (and DIALECT=)
	@$(STACK) rerun

crosswalk: install ## Write who of WAVE is in Kraken as what, who is handed back and why, and who is undecided
	@$(STACK) crosswalk

late-changes: install ## Write what reached the legacy system after customers of WAVE were read from it
	@$(STACK) late-changes

differences: install ## Write what reconciliation found and is still open, of WAVE or of all (and DIALECT=)
	@$(STACK) differences

own: install ## Give what WAVE leaves to OWNER, all of it or by KIND= or CODE=, with a NOTE=
	@$(STACK) own

wave-close: install ## Close WAVE; refused while anything it leaves has no owner
	@$(STACK) wave-close

wave-open: install ## Open a closed WAVE again
	@$(STACK) wave-open

take-over: install ## Let another Airflow use the tracking database at once; stop the one that uses it before
	@$(STACK) take-over

purge: install ## Delete payloads, answers and amounts of a finished WAVE for good, and close it; REASON= says why
	@$(STACK) purge

archive: install ## Move the events of waves purged more than DAYS ago (30) into files in FOLDER, and delete them here
	@$(STACK) archive

test: install ## Run every test but the long proofs
	@$(VENV)/python -m proofs.browser --if-possible
	@$(VENV)/python -m pytest -m "not proof" -n 5 --dist loadgroup --no-loadscope-reorder

test-quick: install ## Run the tests that need no database: under half a minute
	@$(VENV)/python -m pytest -n 2 tests/unit

prove: install ## Run the long proofs: a migration, a backfill, gates, a new dialect and a stack that is killed
	@$(VENV)/python -m proofs.browser --if-possible
	@$(VENV)/python -m pytest -m alone tests/proofs
	@$(VENV)/python -m pytest -m "proof and not alone" -n 2 --dist loadgroup tests/proofs tests/integration

browser: install ## Fetch what the console is tested in, unless the system has a Chromium (CHROMIUM= names one)
	@$(VENV)/python -m proofs.browser

simulate: install ## Play the histories of SEEDS=1-1000 in virtual time, or show that ABLATE=all is caught
	@$(VENV)/python -m proofs.simulation $(if $(SEEDS),--seeds $(SEEDS)) $(if $(ABLATE),--ablate $(ABLATE)) $(if $(filter all,$(ABLATE)),--page docs/ablations.md)

soak: install ## Run a wave of ACCOUNTS (100,000) EDF accounts with 5 % faults; nothing is lost, doubled, or grows
	@$(VENV)/python -m proofs.soak

answers: install ## Give INPUTS (100,000) damaged inputs of SEED to the parsers of answers, settings and legacy rows
	@$(VENV)/python -m proofs.answers "$(or $(INPUTS),100000)" "$(SEED)"

audit: install ## Compare two independent readings of what Kraken accepts: DIALECT=, N= customers (500), SEED=, CONTRACT=FILE
	@$(VENV)/python -m proofs.audit $(if $(DIALECT),--dialect $(DIALECT)) $(if $(N),--number $(N)) $(if $(SEED),--seed $(SEED)) $(if $(CONTRACT),--contract "$(CONTRACT)",$(if $(DIALECT),,--page docs/audit.md))

chaos: install ## Kill parts of a stack in mid-wave, ROUNDS times (20), and compare each record: KILL= SEED= ACCOUNTS=
	@$(VENV)/python -m proofs.chaos

cluster: install ## Run a wave of ACCOUNTS (20,000) on two Celery workers and two triggerers; kill one of each in its middle
	@$(VENV)/python -m proofs.cluster

check: install ## Lint, types and import layers
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/python -m kraken_import.reporting --check

supply: install ## Look for secrets, licences and known vulnerabilities (OSV_URL=); list in dist what production consists of
	@$(VENV)/python -m proofs.supply

sign: install ## Build the wheel of this commit and sign it and its lists with the SSH key KEY=
	@test -n "$(KEY)" || { echo "KEY is not given: name the SSH key of the release, as in make sign KEY=~/.ssh/release." >&2; exit 1; }
	@$(VENV)/python -m proofs.supply --sign "$(KEY)"

new-dialect: install ## Write the skeleton of dialect NAME
	@$(STACK) new-dialect

sample: install ## Write the rows that the SQL returns for the guide's customer: DIALECT=… ID=…
	@$(STACK) sample

mapping: install ## Write docs/mapping again from the mappings
	@$(VENV)/python -m kraken_import.reporting
