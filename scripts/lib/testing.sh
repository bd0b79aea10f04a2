# Counting what test runs report. Sourced by scripts/test and scripts/check.

passed=0
failed=0
started=$SECONDS

run() {
    echo "+ $*"
    "$@"
}

# run_tests NAME ARGUMENT...: one `swift test` over what is built already; adds its counts.
run_tests() {
    local name=$1 log status=0 total bad
    shift
    log=$(mktemp)
    echo "== $name"
    swift test --skip-build --disable-xctest "$@" 2>&1 | tee "$log" | grep -v '^[◇✔].* \(started\|passed after\)' || true
    status=${PIPESTATUS[0]}
    # "Test run with 12 tests in 3 suites passed after ..." or "... failed after 1 seconds with 2 issues."
    total=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -1)
    # A failed test's own closing line; a suite's or the run's do not count.
    bad=$(grep -E '^✘ Test .* failed after' "$log" | grep -vc '^✘ Test run with' || true)
    if [ -z "$total" ] || [ "$total" = 0 ]; then
        echo "$name: no test ran to its end (status $status)"
        tail -30 "$log"
        total=0 bad=1
    elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
    fi
    rm -f "$log"
    failed=$((failed + bad))
    if [ "$total" -ge "$bad" ]; then passed=$((passed + total - bad)); fi
}

# check NAME COMMAND...: one check, counted as one test.
check() {
    local name=$1
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
    fi
}

finish_tests() {
    echo "took $((SECONDS - started)) s"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
