# Counting what test runs and checks report. Sourced by scripts/test and scripts/check.

passed=0
failed=0
started=$SECONDS

run() {
    echo "+ $*"
    "$@"
}

# run_tests NAME LIMIT ARGUMENT...: one `swift test` over what is built already, ended after LIMIT seconds; adds its
# counts. What passes is one line at the end; the whole output of what fails is shown. A run that crashes, hangs or
# finds no test counts as one failure more, and names the tests that had not ended.
run_tests() {
    local name=$1 limit=$2 log status=0 total good bad
    shift 2
    log=$(mktemp)
    echo "== $name"
    # A session of its own, so that the processes which a hanging or crashing test leaves can be found and ended.
    setsid stdbuf -oL timeout --kill-after=10 "$limit" swift test --skip-build --disable-xctest "$@" >"$log" 2>&1 &
    session=$!
    tail -n +1 -f -s 0.2 --pid="$session" "$log" | grep --line-buffered -v '^[◇✔]' || true
    wait "$session" || status=$?
    end_session
    # Swift Testing closes each test with a line of its own, and the run with "Test run with 12 tests in 3 suites ...".
    total=$(sed -nE 's/^.* Test run with ([0-9]+) tests?.*(passed|failed) after .*/\1/p' "$log" | tail -1)
    good=$(grep -E '^✔ Test .* passed after' "$log" | grep -vcE '^✔ Test (run with|case passing)' || true)
    bad=$(grep -E '^✘ Test .* failed after' "$log" | grep -vcE '^✘ Test (run with|case passing)' || true)
    if [ "$status" = 124 ] || [ "$status" = 137 ]; then
        echo "$name: not done after $limit s"
        bad=$((bad + 1))
    elif [ -z "$total" ]; then
        echo "$name: ended in the middle (status $status)"
        bad=$((bad + 1))
    elif [ "$total" = 0 ]; then
        echo "$name: there was no test to run"
        bad=1
    elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        echo "$name: ended with status $status"
        bad=1
    fi
    if [ -z "$total" ]; then unfinished_tests "$log"; fi
    grep -E '^✔ Test run with' "$log" || true
    rm -f "$log"
    passed=$((passed + good)) failed=$((failed + bad))
}

session=
end_session() {
    [ -z "$session" ] || pkill -KILL -s "$session" || true
    session=
}
trap end_session EXIT
trap 'exit 130' INT TERM

# The tests that had begun and not ended when the run did.
unfinished_tests() {
    sed -nE 's/^◇ Test (".*"|[^ ]+\(.*\)) started\.$/\1/p' "$1" | while IFS= read -r test; do
        grep -qF -e "✔ Test $test " -e "✘ Test $test with" -e "✘ Test $test failed" "$1" || echo "had not ended: $test"
    done
}

# check NAME COMMAND...: one check, counted as one test.
check() {
    local name=$1 begin=$SECONDS
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $name ($((SECONDS - begin)) s)"
    else
        failed=$((failed + 1))
        echo "FAILED: $name ($((SECONDS - begin)) s)"
    fi
}

finish_tests() {
    echo "took $((SECONDS - started)) s"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
