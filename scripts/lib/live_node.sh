# Builds the program and starts a Redis and an API node of its own, ended with the script that sources this.
# Sets $program, $url, $key (of a new workspace) and $folder (for files). Sourced by scripts/lib/*.sh.

swift build --product webhooks
program=$(swift build --show-bin-path)/webhooks
folder=$(mktemp -d /tmp/webhooks-node-XXXXXX)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap finish EXIT

redis-server --port 0 --unixsocket "$folder/redis.sock" --dir "$folder" --save "" --appendonly no >"$folder/redis.log" &
pids+=($!)
export WEBHOOKS_REDIS_URL="unix://$folder/redis.sock" WEBHOOKS_LOG_LEVEL=warning
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
until redis-cli -s "$folder/redis.sock" ping >/dev/null 2>&1; do sleep 0.05; done
key=$("$program" keys create --workspace demo --name test)
WEBHOOKS_LISTEN=127.0.0.1:$port "$program" api &
api=$! pids+=($!)
until "$program" health --url "$url/health/ready" >/dev/null 2>&1; do
    kill -0 "$api"
    sleep 0.1
done
