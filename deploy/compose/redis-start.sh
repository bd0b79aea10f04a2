#!/bin/sh
# Starts Redis with the password of the secret file, and writes the append-only file anew as soon as it is loaded
# (redis.conf says why). The password stands in a file of mode 0600, in no argument and no environment variable.
set -eu
conf=/tmp/redis.conf
(
    umask 077
    cat /usr/local/etc/redis/redis.conf >"$conf"
    printf 'bind * -::*\ndir /data\nrequirepass "%s"\n' "$(cat /run/secrets/redis_password)" >>"$conf"
)
chown redis:redis "$conf"
(
    # The variable lives in this subshell alone, which ends when the rewrite has begun.
    REDISCLI_AUTH=$(cat /run/secrets/redis_password)
    export REDISCLI_AUTH
    until redis-cli BGREWRITEAOF 2>/dev/null | grep -q 'append only file rewriting'; do sleep 0.2; done
) &
exec docker-entrypoint.sh redis-server "$conf"
