# Obligor's front door. `make demo` and `make test` do all set-up; a second run does none.

.PHONY: setup configure build test demo bench format lint asan tsan fuzz clean
BUILD := build/release
JOBS ?= $(shell nproc)

setup:
	@bash scripts/setup.sh

configure: setup
	@mkdir -p build
	@test -f $(BUILD)/build.ninja || cmake --preset release

build: configure
	@cmake --build $(BUILD) -j $(JOBS) --target obligor obligor-train

test: configure
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

demo: build
	@./$(BUILD)/obligor compare data/german.csv --target creditability --positive bad --report report.html

bench: configure
	@cmake --build $(BUILD) -j $(JOBS) --target benches
	@bash bench/run.sh $(BUILD)

format:
	@git ls-files 'src/*.cc' 'src/*.h' | xargs clang-format -i

lint: configure
	@bash scripts/lint.sh $(BUILD)

asan tsan: setup
	@cmake --preset $@
	@cmake --build build/$@ -j $(JOBS)
	@ctest --test-dir build/$@ --output-on-failure -j $(JOBS)

# libFuzzer over everything that reads files of others: make fuzz FUZZ_SECONDS=300 for longer.
FUZZ_SECONDS ?= 30
fuzz: setup
	@cmake --preset fuzz
	@cmake --build build/fuzz -j $(JOBS) --target fuzzers
	@bash scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS)

clean:
	@rm -rf build
