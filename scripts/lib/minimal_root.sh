#!/usr/bin/env bash
# minimal_root.sh PATH_OF_WEBHOOKS: runs the program in a root folder that holds the libraries of the Dockerfile's runtime
# packages and nothing else: no shell, no Swift. There it lists its commands, connects to a Redis by a unix socket and
# becomes ready.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$1

root=$(mktemp -d /tmp/webhooks-root-XXXXXX)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$root"
}
trap finish EXIT

# The packages of the last stage, and what each of them needs of libc.
mapfile -t packages < <(sed '1,/^FROM debian/d' deploy/Dockerfile |
    sed -nE 's/.*apt-get install -y --no-install-recommends ([a-z0-9. +-]+).*/\1/p' | tr ' ' '\n' | sed '/^$/d')
[ ${#packages[@]} -gt 0 ]
for package in libc6 libgcc-s1 "${packages[@]}"; do
    while IFS= read -r file; do
        [[ $file =~ \.so(\.[0-9.]+)?$ && -f $file ]] || continue
        install -D "$file" "$root$file"
    done < <(dpkg-query -L "$package")
done
# Debian's merged /usr.
for folder in lib lib64; do
    [ ! -L "/$folder" ] || { cp -a "$root/$folder/." "$root/usr/$folder/" 2>/dev/null || true; rm -rf "${root:?}/$folder"; }
    mkdir -p "$root/usr/$folder"
    ln -sfn "usr/$folder" "$root/$folder"
done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/usr/lib64/" 2>/dev/null || cp -L /lib/ld-linux-aarch64.so.1 "$root/usr/lib/"
# What ca-certificates makes when it is installed.
install -D /etc/ssl/certs/ca-certificates.crt -t "$root/etc/ssl/certs"
install -D "$program" "$root/usr/local/bin/webhooks"
mkdir -p "$root/run" "$root/tmp" "$root/proc"

# A program learns its arguments from /proc, which every container has. The mount goes with the process.
inside() {
    exec unshare --mount sh -c 'mount --bind /proc "$0/proc" && exec chroot "$0" /usr/local/bin/webhooks "$@"' "$root" "$@"
}
(inside --version)
redis-server --port 0 --unixsocket "$root/run/redis.sock" --dir "$root/run" --save "" --appendonly no >"$root/redis.log" &
pids+=($!)
for _ in $(seq 100); do redis-cli -s "$root/run/redis.sock" ping >/dev/null 2>&1 && break; sleep 0.05; done
export WEBHOOKS_REDIS_URL=unix:///run/redis.sock
(inside keys create --workspace check --name check) | grep -q '^whk_'
free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
for role in api delivery; do
    listen=$(free_port) metrics=$(free_port)
    port=$listen
    [ "$role" = api ] || port=$metrics
    WEBHOOKS_LISTEN=127.0.0.1:$listen WEBHOOKS_METRICS_LISTEN=127.0.0.1:$metrics \
        inside "$role" 2>"$root/$role.log" &
    node=$!
    pids+=("$node")
    for try in $(seq 100); do
        if (inside health --url "http://127.0.0.1:$port/health/ready") >/dev/null 2>&1; then break; fi
        [ "$try" != 100 ] || { cat "$root/$role.log"; exit 1; }
        sleep 0.1
    done
    kill "$node"
    wait "$node"
done
echo "runs with $(cd "$root" && find usr -name '*.so*' -type f | wc -l) libraries of: ${packages[*]}"
