# make bench and make test do everything on a fresh Debian or Ubuntu; see make help.

SHELL := /bin/bash
HEBB := build/hebb

help:
	@echo 'make bench   install what is missing, build, benchmark GPU against CPU, verify: build/bench.html'
	@echo '             (PEER=torch installs PyTorch and puts it beside hebb; without a GPU it does less, in five'
	@echo '             minutes: BENCHFLAGS="--all --budget 0" VERIFYFLAGS=--all for all)'
	@echo 'make test    install what is missing, run all that CI runs'
	@echo 'make build   build build/hebb with what this machine has'
	@echo 'make path MODULE=example.org/hebb    give the module a path of your own, in every file that names it'
	@echo 'make clean   remove build/'

bench: setup build
	$(HEBB) bench --report build/bench.html --plot build/bench.svg --json build/bench.json $(if $(PEER),--peer $(PEER)) $(BENCHFLAGS)
	GALLIVM_PERF=nopt $(HEBB) verify $(VERIFYFLAGS) # a software OpenGL need not optimise shaders that run once
	@echo; echo 'report: build/bench.html   plot: build/bench.svg   figures: build/bench.json'

test: setup
	@ci/test.sh

setup:
	@ci/setup.sh

build:
	@. ci/have.sh && set -x && CGO_ENABLED=$$CGO_ENABLED go build -tags "$$TAGS" -o $(HEBB) ./cmd/hebb

path:
	@ci/path.sh '$(MODULE)'

clean:
	rm -rf build

.PHONY: help bench test setup build path clean
