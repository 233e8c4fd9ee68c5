# Shouwang 守望. `make` alone prints this help.
#
#   make run       install what the build needs, build, serve a demonstration county
#   make test      install what the tests need and run all of them
#   make check     lint, generated files in step, architecture, licences, vulnerabilities, secrets
#   make bench     the performance contract, as ratios
#   make generate  write what is generated from the Go types
#   make build     the binary with its front ends, in bin/shouwang
#   make dev       the server and the browser's half with reload

GO      ?= go
LISTEN  ?= 127.0.0.1:8080
DEMO    ?= data/demo
UI      := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help run test test-go test-ui test-e2e check bench drill generate build dev clean
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^$$/q'
	@sed -n 's/^#   //p' Makefile

run: build
	@mkdir -p $(DEMO)
	@test -f $(DEMO)/ready || { rm -f $(DEMO)/*; bin/shouwang demo --db sqlite:$(DEMO)/demo.db && touch $(DEMO)/ready; }
	@echo && echo "  打开 http://$(subst 127.0.0.1,localhost,$(LISTEN))  登录页列出演示账号" && echo
	@bin/shouwang serve --db sqlite:$(DEMO)/demo.db --listen $(LISTEN)

build: bin/shouwang
bin/shouwang: ui/dist/index.html $(shell find . -name '*.go' -not -path './ui/node_modules/*' 2>/dev/null) go.mod
	$(GO) build -trimpath -tags ui -ldflags "-s -w -X shouwang/app.Version=$(VERSION)" -o $@ ./cmd/shouwang

ui/node_modules/.ready: ui/package-lock.json
	cd ui && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.ready

ui/dist/index.html: ui/node_modules/.ready $(UI)
	cd ui && npm run build && touch dist/index.html

# Fast tests first: what breaks most is told soonest.
test:
	./tools/setup test
	$(MAKE) test-ui test-go test-e2e

test-ui: ui/node_modules/.ready
	cd ui && npm test

test-go:
	./tools/with-postgres $(GO) test -timeout 25m ./...

test-e2e: build
	cd ui && npm run -s gallery
	SHOUWANG_BIN=$(CURDIR)/bin/shouwang node e2e/run.mjs

check:
	./tools/setup check
	./tools/check

bench:
	@mkdir -p .build
	$(GO) run ./bench/roster -rows 100000 -out .build/roster.xlsx
	$(GO) run ./bench -roster .build/roster.xlsx

generate: ui/node_modules/.ready
	SHOUWANG_GENERATE=1 $(GO) test -count=1 -run 'InStep' ./app
	cd ui && npm run generate

dev: ui/node_modules/.ready
	@mkdir -p $(DEMO)
	@test -f $(DEMO)/ready || { rm -f $(DEMO)/*; $(GO) run ./cmd/shouwang demo --db sqlite:$(DEMO)/demo.db && touch $(DEMO)/ready; }
	@$(GO) run ./cmd/shouwang serve --db sqlite:$(DEMO)/demo.db --listen 127.0.0.1:8081 & pid=$$!; \
	trap "kill $$pid" EXIT; cd ui && SHOUWANG_API=http://127.0.0.1:8081 npm run dev

clean:
	rm -rf bin data ui/dist
