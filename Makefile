SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := .venv/bin
CODE := daw_bridge genmodels tests benchmarks scripts

.PHONY: help
help: ## Show this help
	@echo "daw_bridge: a live instrument. The first call of any target sets everything up."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

.PHONY: venv
venv:
	@scripts/setup_venv.sh

.PHONY: system-play
system-play:
	@scripts/setup_system.sh play

.PHONY: system-test
system-test:
	@scripts/setup_system.sh test

.PHONY: play
play: system-play venv ## Hear it: a minute of music, played over OSC (ARGS="--seconds 20"); leaves build/play/
	@$(BIN)/daw-bridge play $(ARGS)

.PHONY: serve
serve: system-play venv ## Run the instrument on the sound card (ARGS="--preset NAME port=7400")
	@$(BIN)/daw-bridge serve $(ARGS)

.PHONY: test
test: system-test venv ## Everything CI checks: lint, the generated docs, all tests with the JACK rig
	@$(MAKE) --no-print-directory lint check-docs
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: lint
lint: venv ## Style and types: ruff and mypy
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --quiet --check $(CODE)
	@$(BIN)/mypy --no-error-summary

.PHONY: format
format: venv ## Lay the code out as lint wants it
	@$(BIN)/ruff check --quiet --fix $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

.PHONY: docs
docs: venv ## Write docs/control.md, docs/models.md and the tablet surfaces from the code
	@$(BIN)/python scripts/generate_docs.py
	@$(BIN)/python scripts/generate_surfaces.py

.PHONY: check-docs
check-docs: venv
	@$(BIN)/python scripts/generate_docs.py --check
	@$(BIN)/python scripts/generate_surfaces.py --check

.PHONY: bench
bench: system-test venv ## Measure speed and latency (ARGS="--quick lm control"); leaves benchmarks/results/
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: soak
soak: system-test venv ## What has to hold for hours, 2.5 hours in all (ARGS="--minutes 2 kill beat"); leaves benchmarks/results/
	@$(BIN)/python -m benchmarks.soak $(ARGS)

.PHONY: evaluate
evaluate: system-test venv ## Does the bundled model do what it is asked? (ARGS="--quick text beat"); leaves benchmarks/results/
	@$(BIN)/python -m benchmarks.evaluation $(ARGS)

.PHONY: train-mini
train-mini: system-test venv ## Train the bundled model again (hours on a CPU; resumable; PIECE_MINUTES=10 for a piece)
	@BIN=$(BIN) scripts/train_mini.sh $(ARGS)

.PHONY: ablation
ablation: system-test venv ## Compare codec trainings, 8 minutes of a core (ARGS="codecs": 15); leaves build/ablation/
	@OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m genmodels.training.ablation $(ARGS)

.PHONY: clean
clean: ## Remove what was made, but keep .venv and the trainings in build/
	@rm -rf build/play dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
