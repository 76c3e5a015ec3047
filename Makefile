# What a person does with this repository; `make help` lists it. The work is done by npm scripts and scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo test check serve start deps npm redis clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: deps ## Install what is missing, run a simulated provisioning request from POST to FULFILLED, print its report
	@npm run --silent demo

test: deps ## Run all tests; the last line says how many passed, failed and were skipped
	@npm test --silent

check: npm ## Lint, types, unused code, import rules, OpenAPI drift, file length (no servers, under a minute)
	@npm run --silent check

serve: npm ## Start the service (API and worker) on http://127.0.0.1:8080 and stay
	@[ -n "$$REDIS_URL" ] || ./scripts/install-redis.sh
	@exec npm run --silent start

start: serve ## The same as serve

deps: npm redis ## Install what is missing: npm packages and redis-server

npm:
	@./scripts/install-npm.sh

redis:
	@./scripts/install-redis.sh

clean: ## Remove node_modules, coverage and the data of the embedded service
	rm -rf node_modules coverage .data
