# Everything a contributor or the CI runs. It needs Go and a POSIX shell, and for the race detector a C compiler; the
# lint tools are built from tools/, with the versions that are pinned there.

GO       ?= go
# How often each fuzz target is called. With a time go test may end with "context deadline exceeded" as it runs out.
FUZZTIME ?= 10000x
# How long the tests of one package may take: it exists to end a hang.
TIMEOUT  ?= 10m
# What `make demo` works on; empty leaves the choice to the program.
DIR      ?=
# Which scenarios `make bench` measures, as a regular expression; empty is all.
ONLY     ?=
# With KEEP=yes `make bench` keeps what it measures, and makes the tables and charts of the READMEs of what was measured last.
KEEP     ?=
# The processors that all contestants of `make bench` run on, as in 0,1; empty is all.
CPUS     ?=

LIBRARY := events internal/fd internal/frames reactor streams signals ipc childprocess pool cluster

# The systems of the library. All code is checked for each of them, on the architecture that they all have. The library
# is also compiled where the architecture makes a difference: 32 bits, alignment, other signal numbers.
SYSTEMS := linux darwin dragonfly freebsd netbsd openbsd
# Among them these have all there is for the slower checks: what the others lack, and have, is little and much alike.
KINDS   := linux darwin freebsd
OTHERS  := linux/386 linux/arm64 linux/mipsle darwin/arm64 freebsd/386

CACHE       := $(CURDIR)/.cache
STATICCHECK := $(CACHE)/bin/staticcheck
GOVULNCHECK := $(CACHE)/bin/govulncheck

# Binaries carry no revision, so that a checkout that belongs to another user builds.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)
export STATICCHECK_CACHE := $(CACHE)/staticcheck

# Modules of their own: their tests run where they are.
NESTED := $(patsubst %/go.mod,%,$(wildcard bench/go.mod fleet/go.mod script/go.mod examples/*/go.mod))

# present keeps of a list of packages those that are there.
present = $(foreach p,$(1),$(if $(wildcard $(p)/*.go),./$(p)))

# How the loop learns that a child ended: every way this system has runs the tests. Where there is but one, nothing is
# forced.
ifeq ($(shell uname -s),Linux)
EXITWATCH := BROOD_TEST_EXITWATCH=pidfd
SIGCHLD   := BROOD_TEST_EXITWATCH=sigchld
endif

# What may be missing to the fork of this library, see internal/process, and is not among what ENOSYS:all refuses, as
# clone3(2) with its flags, close_range(2) and the calls of pidfds are. These runs are without the race detector: what
# differs is in the child, where it is off anyway, and without the longest tests.
FORKS := forkexec nounshare nocgroup

# What the kernel refuses to all of a test run, see internal/test/sandbox: every newer system call, as two kinds of sandboxes
# and old kernels do, and one that other programs cannot do without, to the packages that start few. These runs are short,
# and without the race detector, whose C library needs clone3(2). They skip the races of posts, which make no such call.
REFUSED := EPERM:all ENOSYS:all

TESTFLAGS := -shuffle=on -timeout=$(TIMEOUT)

# racetest runs the tests of $(2) with the environment $(1) under the race detector, or without where a probe (see
# .cache/race) found that it cannot be built.
racetest = $(1) $(GO) test `cat $(CACHE)/race` $(TESTFLAGS) $(2)

step = @echo '==> $(1)'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help test race lint format fix staticcheck cross vulnerabilities fuzz cover bench bench-readme bench-peers demo demo-fleet examples fallbacks refused nested probe

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile


test: lint race fallbacks fuzz nested ## all of it but cover, bench and the demos: the one test command
	$(call step,all tests passed)

race: probe ## all tests, in random order, under the race detector
	$(call step,tests$(if $(EXITWATCH), with $(EXITWATCH)))
	@$(call racetest,$(EXITWATCH),./...)

fallbacks: refused ## the tests once more with each fallback of the library forced
	$(call step,tests with BROOD_TEST_WAKEUP=pipe $(SIGCHLD))
	@BROOD_TEST_WAKEUP=pipe $(SIGCHLD) $(GO) test $(TESTFLAGS) $(call present,reactor streams signals ipc childprocess)
ifdef SIGCHLD
	$(call step,tests with BROOD_TEST_WAKEUP=netpoll)
	@BROOD_TEST_WAKEUP=netpoll $(GO) test $(TESTFLAGS) $(call present,reactor streams ipc pool)
	$(call step,tests with BROOD_TEST_SIGNALFD=off)
	@BROOD_TEST_SIGNALFD=off $(GO) test $(TESTFLAGS) $(call present,signals)
	@for missing in $(FORKS); do \
		echo "==> tests with BROOD_TEST_FORK=$$missing"; \
		BROOD_TEST_FORK=$$missing $(GO) test -short $(TESTFLAGS) ./childprocess || exit; \
	done
endif

refused: ## the tests once more with newer system calls refused by the kernel
ifdef SIGCHLD
	@for refused in $(REFUSED); do \
		echo "==> tests with BROOD_TEST_REFUSE=$$refused"; \
		BROOD_TEST_REFUSE=$$refused $(GO) test -short -skip='^Test(PostsR|NoWakeUpIsLost)' $(TESTFLAGS) \
			$(call present,reactor streams signals ipc childprocess) || exit; \
	done
	$(call step,tests with BROOD_TEST_REFUSE=EPERM:eventfd2)
	@BROOD_TEST_REFUSE=EPERM:eventfd2 $(GO) test -short -skip='^Test(PostsR|NoWakeUpIsLost)' $(TESTFLAGS) $(call present,reactor signals)
endif

examples: probe ## the tests of the examples alone
	$(call step,tests of the examples)
	@$(if $(wildcard examples),$(call racetest,$(EXITWATCH),./examples/...),echo 'examples/ does not exist')

lint: format cross fix staticcheck ## gofmt, vet, go fix and staticcheck leave nothing to say
	@:

format:
	$(call step,gofmt)
	@bad=`"$$($(GO) env GOROOT)/bin/gofmt" -l .` || exit; \
	test -z "$$bad" || { echo "not formatted:" $$bad; exit 1; }

cross: ## vet for every system, and compile for some other architectures
	@for system in $(SYSTEMS); do \
		echo "==> vet for $$system"; \
		CGO_ENABLED=0 GOOS=$$system GOARCH=amd64 $(GO) vet ./... || exit; \
	done
	@for dir in $(wildcard fleet); do for system in $(KINDS); do \
		echo "==> vet of $$dir for $$system"; \
		CGO_ENABLED=0 GOOS=$$system GOARCH=amd64 $(GO) -C $$dir vet ./... || exit; \
	done; done
	@for target in $(OTHERS); do \
		echo "==> build for $$target"; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build $(call present,$(LIBRARY)) || exit; \
	done

fix:
	@for system in $(KINDS); do \
		echo "==> go fix for $$system"; \
		CGO_ENABLED=0 GOOS=$$system GOARCH=amd64 $(GO) fix -diff ./... || exit; \
	done

# Each system has functions that only its own files use.
staticcheck: $(STATICCHECK)
	@for system in $(KINDS); do \
		echo "==> staticcheck for $$system"; \
		CGO_ENABLED=0 GOOS=$$system GOARCH=amd64 $(STATICCHECK) ./... || exit; \
	done
	@for dir in $(NESTED); do \
		echo "==> staticcheck of $$dir"; \
		(cd $$dir && CGO_ENABLED=0 $(STATICCHECK) ./...) || exit; \
	done

$(STATICCHECK): tools/go.mod tools/go.sum
	$(call step,building staticcheck)
	@$(GO) build -C tools -o $@ honnef.co/go/tools/cmd/staticcheck

# It is no part of lint: the database is at vuln.go.dev, and what it has to say of a commit changes with time.
vulnerabilities: $(GOVULNCHECK) ## known vulnerabilities that the library, its examples and the modules inside can reach
	@for dir in . $(NESTED); do \
		echo "==> govulncheck of $$dir"; \
		(cd $$dir && $(GOVULNCHECK) ./...) || exit; \
	done

$(GOVULNCHECK): tools/go.mod tools/go.sum
	$(call step,building govulncheck)
	@$(GO) build -C tools -o $@ golang.org/x/vuln/cmd/govulncheck

# go test lists the targets of a package, then the package: "FuzzX", "ok <tab> package <tab> time".
fuzz: ## run each fuzz target for FUZZTIME (10000x)
	$(call step,looking for fuzz targets)
	@mkdir -p $(CACHE)
	@$(GO) test -list '^Fuzz' ./... >$(CACHE)/fuzz.list || { cat $(CACHE)/fuzz.list; exit 1; }
	@awk '/^Fuzz/ { name[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, name[i]; n = 0 }' $(CACHE)/fuzz.list | \
	while read -r package name; do \
		echo "==> $$name of $$package $(FUZZTIME)"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null || exit; \
	done

nested: ## vet, build and test the modules inside this one
	@for dir in $(NESTED); do \
		echo "==> vet, build and tests of $$dir"; \
		$(GO) -C $$dir vet ./... && $(GO) -C $$dir fix -diff ./... && $(GO) -C $$dir build -o /dev/null ./... && \
			$(GO) -C $$dir test $(TESTFLAGS) ./... || exit; \
	done

cover: ## the coverage of the library packages by all tests; .cache/cover.out is the profile
	$(call step,coverage)
	@mkdir -p $(CACHE)
	@$(EXITWATCH) $(GO) test -timeout=$(TIMEOUT) -coverprofile=$(CACHE)/cover.out \
		-coverpkg=$$(echo $(call present,$(LIBRARY)) | tr ' ' ,) ./...
	@$(GO) tool cover -func=$(CACHE)/cover.out | awk '{ last = $$NF } END { print "total:", last }'

bench: ## measure against the floors and the peers, in one table (ONLY=^script KEEP=yes CPUS=0,1 …); every sample goes to .cache/bench.json, with KEEP to bench/results
	$(call step,benchmarks)
	@mkdir -p $(CACHE)
	@$(GO) -C bench run . -raw $(if $(KEEP),results/$(shell date -u +%Y-%m-%dT%H%M%S).json,$(CACHE)/bench.json) \
		$(if $(ONLY),-only '$(ONLY)') $(if $(CPUS),-cpus '$(CPUS)')
	@$(if $(KEEP),$(MAKE) --no-print-directory bench-readme)

bench-readme: ## make bench/README.md, and the tables and charts of other READMEs, of bench/results, with the reasons that stand in the code, without measuring
	@$(GO) -C bench run . -explain results
	@$(GO) -C bench run ./report README.md ../README.md ../script/README.md

bench-peers: ## install what `make bench` compares with: Node, Bun, Deno, packages from npm; C and Rust with libuv and tokio from Debian
	$(call step,peers)
	@bench/peers/install.sh $(CACHE)/bench-peers

# Not `go run`: it would hide the exit code and take part in ^C.
demo: ## a real job: hash a directory tree (DIR=…) with many children at once
	@$(GO) build -o $(CACHE)/bin/treesum ./examples/treesum
	@exec $(CACHE)/bin/treesum $(if $(DIR),'$(DIR)')

demo-fleet: ## 2,000 jobs on three agents over NATS, one of which is killed: nothing is lost
	@$(GO) -C fleet build -o $(CACHE)/bin/fleetdemo ./cmd/fleetdemo
	@exec $(CACHE)/bin/fleetdemo

# The race detector needs cgo and a C compiler on most systems. In the CI it is not optional.
probe:
	@mkdir -p $(CACHE)/probe
	@printf 'package main\n\nfunc main() {}\n' >$(CACHE)/probe/main.go
	@if why=`$(GO) build -race -o $(CACHE)/probe/main $(CACHE)/probe/main.go 2>&1`; then echo -race; \
	elif test -n "$$CI"; then echo "$$why" >&2; exit 1; \
	else echo "no race detector, the tests run without: $$why" >&2; fi >$(CACHE)/race
