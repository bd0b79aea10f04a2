# What the scripts need of the machine. Sourced by scripts/run, scripts/test, scripts/check and scripts/bench.

# Swift cannot be had from Debian: says how to get it and ends.
ensure_swift() {
    if ! command -v swift >/dev/null 2>&1; then
        cat >&2 <<'TEXT'
Swift is missing. Dalil Webhooks is built with Swift 6.2 or newer:
  https://www.swift.org/install/linux/     (swiftly: curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz)
then open a new shell, or add its bin folder to PATH, and run this again.
TEXT
        exit 69
    fi
}

# ensure_packages NAME...: installs the Debian packages that are missing. Without root it prints the line to run and ends.
ensure_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "These packages are missing; install them and run this again:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 69
    fi
    echo "installing ${missing[*]}"
    # Packages of servers must not start them: everything here starts its own.
    local policy=/usr/sbin/policy-rc.d made=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=yes
    fi
    local status=0
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}"; } >/tmp/webhooks-apt.log 2>&1 || status=$?
    [ "$made" = no ] || rm -f "$policy"
    if [ "$status" != 0 ]; then
        tail -20 /tmp/webhooks-apt.log >&2
        echo "apt-get could not install ${missing[*]}" >&2
        exit 69
    fi
}

# ensure_python NAME REQUIREMENT...: a virtual environment of its own under .build with these packages from PyPI; sets
# $python to its interpreter. Needs python3-venv.
ensure_python() {
    local folder=.build/python-$1 wanted
    shift
    wanted="$*"
    python=$PWD/$folder/bin/python
    [ "$(cat "$folder/requirements" 2>/dev/null)" != "$wanted" ] || return 0
    rm -rf "$folder"
    if ! { python3 -m venv "$folder" && "$python" -m pip install -q --disable-pip-version-check "$@"; }; then
        echo "pip could not install $wanted" >&2
        exit 69
    fi
    echo "$wanted" >"$folder/requirements"
}
