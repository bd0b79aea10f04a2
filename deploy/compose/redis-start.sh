#!/bin/sh
# Starts Redis with the users of the secret file (deploy/redis/make-acl), and writes the append-only file anew as soon as it
# is loaded (redis.conf says why). Passwords stand in files of mode 0600, in no argument.
set -eu
conf=/tmp/redis.conf users=/tmp/users.acl
(
    umask 077
    cat /run/secrets/redis_users >"$users"
    cat /usr/local/etc/redis/redis.conf >"$conf"
    printf 'bind * -::*\ndir /data\nprotected-mode no\naclfile %s\n' "$users" >>"$conf"
)
chown redis:redis "$conf" "$users"
(
    # The variable lives in this subshell alone, which ends when the rewrite has begun.
    REDISCLI_AUTH=$(cat /run/secrets/wh_start)
    export REDISCLI_AUTH
    until redis-cli --user wh-start BGREWRITEAOF 2>/dev/null | grep -q 'append only file rewriting'; do sleep 0.2; done
) &
exec docker-entrypoint.sh redis-server "$conf"
