# What people and machines run here. `make help` lists it.
#
# ENTENTE_CI=1 turns everything that would be skipped into a failure.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
GO          ?= go
# A number of runs, not a time: a time ends in "context deadline exceeded" now and
# then with no finding (go.dev/issue/75804).
FUZZTIME    ?= 20000x
BUILD       ?= -trimpath
COMPILER    := $(shell command -v "$$($(GO) env CC)" 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help build assets axe demo test race leaks leaks-long leaks-mutants bench bench-long fuzz fuzz-long vet check clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: assets ## the program, as ./entente
	$(GO) build $(BUILD) -o entente ./cmd/entente

assets: ## the scripts of the desk
	$(GO) run ./internal/assets

axe: ## what checks the pages for accessibility, from npm, for the tests
	@if command -v npm >/dev/null; then cd web/axe && npm ci --no-audit --no-fund --silent; \
	elif [ "$(ENTENTE_CI)" = 1 ]; then echo "make axe: no npm, and ENTENTE_CI=1 allows no skip" >&2; exit 1; \
	else echo "skipped: the pages' accessibility (it needs npm)"; fi

demo: build ## four parties on this machine; stays up until Ctrl-C
	./entente demo

# The race detector makes tests five to ten times slower: with it run the short
# forms, without the tests of cmd, which start the program many hundred times,
# and those that take thousands of steps in one goroutine or two (the model of the
# visibility rule, the walks through all pages, by a browser too).
SLOW := ^TestModel|^TestLiar|^TestVerifyFindsWhatWasTamperedWith|^TestPagesSay|^TestPagesAnswer|^TestEveryPageAsks|^TestEveryStoryInABrowser
test: check assets axe ## check, then all tests; before that the short ones with the race detector, where there is a C compiler
ifneq ($(COMPILER),)
	CGO_ENABLED=1 $(GO) test -race -short -skip '$(SLOW)' -timeout 25m $$($(GO) list ./... | grep -v /cmd/)
else ifeq ($(ENTENTE_CI),1)
	@echo "make test: no C compiler for the race detector, and ENTENTE_CI=1 allows no skip: install gcc" >&2; exit 1
else
	@echo "skipped: the race detector (it needs a C compiler)"
endif
	$(GO) test -timeout 14m ./...

race: ## all tests with the race detector, cmd too
	CGO_ENABLED=1 $(GO) test -race -timeout 60m ./...

leaks: ## the leak suite: every class of docs/leaks.md, the model, a lying peer
	$(GO) test ./node -run 'TestLeak|TestOracle|TestModel|TestLiar' -count=1 -timeout 10m -v | grep -E '^(---|FAIL|ok|panic| +[a-z_]+_test.go)'
	$(GO) test ./web -run 'Page|Graph|Neighbourhood|TheLog|ASuspension|AgreementShows|Remarks|Whereabouts|Forms|Conditions' -count=1 -timeout 10m | grep -E '^(---|FAIL|ok|panic| +[a-z_]+_test.go)'

leaks-long: ## a million steps against the model, and answer times compared
	ENTENTE_LONG=1 $(GO) test ./node -run 'TestLeak|TestOracle|TestModel|TestLiar' -count=1 -timeout 4h -v

leaks-mutants: ## take the guards out one at a time; the tests must turn red
	$(GO) run ./internal/mutants

bench: assets ## the benchmarks of all packages, and of the whole if there is one
	$(GO) test -run '^$$' -bench . -benchmem ./...
	@if [ -d internal/bench ]; then echo "$(GO) run ./internal/bench"; $(GO) run ./internal/bench; fi

bench-long: assets ## lists, search and the inbox among a million records (half an hour)
	$(GO) run ./internal/bench -million
	$(GO) run ./internal/bench -desk

fuzz: ## every Fuzz function for FUZZTIME (20000x: so many inputs)
	@{ grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . || true; } | sort | while IFS=: read -r file func; do \
		name=$${func#func }; dir=$$(dirname $$file); \
		echo "== $$dir $$name"; \
		$(GO) test $$dir -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) </dev/null; \
	done

fuzz-long: ## every Fuzz function for two million inputs
	$(MAKE) fuzz FUZZTIME=2000000x

vet: ## go vet
	$(GO) vet ./...

check: vet ## go vet, gofumpt, staticcheck
	@wild=$$($(GO) tool gofumpt -l .); if [ -n "$$wild" ]; then \
		echo "not formatted (run: $(GO) tool gofumpt -w FILE):" >&2; echo "$$wild" >&2; exit 1; fi
	$(GO) tool staticcheck ./...

clean: ## remove what was built
	rm -rf entente dist web/static/built
	find . -path ./.git -prune -o -type f \( -name '*.test' -o -name '*.out' \) -exec rm -f {} +
