#!/bin/sh
# Draw a password for each user of the broker, once, and the broker's file of their hashes.
set -eu
umask 077
cd "${SECRETS:-/mosquitto/secrets}"
for user in daemon reader scheduler; do
  [ -s "$user" ] || head -c 24 /dev/urandom | base64 > "$user"
done
: > passwd
for user in daemon reader scheduler; do
  mosquitto_passwd -b passwd "$user" "$(cat "$user")"
done
# Each reads its own: 10001 is the daemon, 1883 the broker.
chown 10001:10001 daemon
chown 1883:1883 passwd reader scheduler .
chmod 0755 .
chmod 0400 daemon passwd reader scheduler
