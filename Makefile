# make demo    the sample app with its flaws, bare and behind the gate (needs Rust and a C compiler)
# make check   the fast loop: format, lints, unit tests
# make test    everything, with its own set-up
# make bench   side by side with the peers, with its own set-up; figures in bench/*/results
# make soak    ten minutes at full load
# make fuzz    looks for inputs that break what must hold, an hour
# make clean   what the above made

CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

# Each part takes both cores by itself, and its output is to be read.
.NOTPARALLEL:
.PHONY: demo check test bench bench-rules bench-http soak fuzz setup test-rust test-browser clean

demo:
	cargo run --release -p portcullis-gateway --bin portcullis -- demo

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace --lib --bins

test: setup test-rust test-browser

setup:
	tests/setup/needs.sh
	tests/setup/python.sh
	tests/setup/go.sh
	tests/setup/tls.sh
	tests/setup/node.sh
	tests/setup/ftw.sh

# The program itself, which go-ftw drives, is built with the tests. `portcullis-tests` turns on what can be built in
# (`cedar`, `http3`): another set of features would build most of the tree once more.
test-rust: setup
	cargo test --workspace

# One file at a time: each starts its own servers and browser, and two cores are soon full.
test-browser: setup
	cargo test --workspace --no-run
	cd tests/browser && PORTCULLIS="$(CARGO_TARGET_DIR)/debug/portcullis" \
		node --test --test-concurrency=1 --test-reporter=spec

bench: bench-rules bench-http

# The rule engine beside libmodsecurity and Coraza, with the Core Rule Set that PORTCULLIS_CRS names.
bench-rules:
	bench/rules/setup.sh
	bench/rules/run.py

# The gateway beside nginx and HAProxy, and beside nginx under attack.
bench-http:
	bench/http/setup.sh
	bench/http/run.py --gateway "$(CARGO_TARGET_DIR)/release/portcullis"
	bench/http/attack.py --gateway "$(CARGO_TARGET_DIR)/release/portcullis"
	bench/http/crs.py --gateway "$(CARGO_TARGET_DIR)/release/portcullis"
	bench/http/session.py --gateway "$(CARGO_TARGET_DIR)/release/portcullis"
	bench/http/signins.py --gateway "$(CARGO_TARGET_DIR)/release/portcullis"

# Ten minutes at full load: memory flat, no descriptor lost.
soak:
	bench/http/setup.sh
	bench/soak/run.py --gateway "$(CARGO_TARGET_DIR)/release/portcullis"

# Each target for ten minutes; `make test` replays the seeds and every find that was kept.
fuzz:
	fuzz/run.sh 600

clean:
	cargo clean
	rm -rf tests/.cache tests/browser/node_modules
