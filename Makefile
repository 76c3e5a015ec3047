# What a person does with this repository; `make help` lists it. The work is done by npm scripts, by the command line (bin/o2ims.js) and by scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo ocloud all status logs validate test check serve start image sbom deps npm redis clean distclean

O2IMS := node bin/o2ims.js
DATA_DIR ?= .data
# The service that `make ocloud` has started or used; before that, the usual address.
started := $(shell cat '$(DATA_DIR)/ocloud/server' 2>/dev/null)
ifneq ($(started),)
status logs: export O2IMS_SERVER ?= $(started)
endif
# The request of `make ocloud`.
own := $(filter-out focom-smo,$(SMO_CLUSTER_NAME))
revision = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
ID ?= edge-5g-deployment$(if $(own),-$(own))

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: deps ## Install what is missing, run a simulated provisioning request from POST to FULFILLED, print its report
	@npm run --silent demo

ocloud: deps ## The seed's story on two true kind clusters: FoCoM, DU and CU on the edge, a report in OCloud.md
	@$(O2IMS) demo --real $(ARGS)

all: validate ocloud status ## validate, ocloud and status, one after the other

status: npm ## How all requests stand, and what that of make ocloud made (ID=… for another one)
	@$(O2IMS) status
	@$(O2IMS) status '$(ID)' --resources

logs: npm ## The log of the request of make ocloud (ID=… for another one, ARGS=-f to stay)
	@$(O2IMS) logs '$(ID)' $(ARGS)

validate: npm ## What this machine has and lacks, and whether the samples are as they should be
	@$(O2IMS) doctor $(ARGS)
	@$(O2IMS) validate --offline samples/requests/*.yaml samples/templates/*.yaml samples/oclouds/*.yaml samples/packages/*

test: deps ## Run all tests; the last line says how many passed, failed and were skipped
	@npm test --silent

check: npm ## Lint, types, unused code, import rules, OpenAPI drift, file length (no servers, under a minute)
	@npm run --silent check

serve: npm ## Start the service (API and worker) on http://127.0.0.1:8080 and stay
	@[ -n "$$REDIS_URL" ] || ./scripts/install-redis.sh
	@exec npm run --silent start

start: serve ## The same as serve

image: ## Build the container images o2ims-api and o2ims-worker (ARGS="--build-arg …"; docs/deployment.md)
	docker build --target api --tag o2ims-api --build-arg REVISION='$(revision)' $(ARGS) .
	docker build --target worker --tag o2ims-worker --build-arg REVISION='$(revision)' $(ARGS) .

sbom: npm ## Write what the images hold to sbom-api.cdx.json and sbom-worker.cdx.json (CycloneDX; after make image: with Debian's packages)
	@npm run --silent sbom -- $(ARGS)

deps: npm redis ## Install what is missing: npm packages and redis-server

npm:
	@./scripts/install-npm.sh

redis:
	@./scripts/install-redis.sh

clean: npm ## Remove what make ocloud has made, and nothing of others (ARGS=--all or --clusters for that)
	@$(O2IMS) demo --clean $(ARGS)
	rm -rf coverage

distclean: clean ## clean, and node_modules
	rm -rf node_modules
