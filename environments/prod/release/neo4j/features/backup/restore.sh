#!/bin/sh
# Restores every database of a downloaded backup but `system` into the running cluster.
# `neo4j-admin database restore` is for a stopped server: in a cluster its result contradicts the cluster's own state. So the members
# fetch a seed from this Pod, by dbms.cluster.recreateDatabase (5.24 and later), which replaces the store on all of them and keeps roles
# and privileges (Operations Manual 5, "Recreate a database"). A stopped database that is online again has the new store.
# `system` (users, roles) comes back only by the manual's disaster recovery; its backup is there for that.
set -eu

fail() {
  echo "error: $*" >&2
  exit 1
}

cypher() {
  cypher-shell -a "$RESTORE_ADDRESS" -d system --format plain --non-interactive "$1"
}

database_of() {
  echo "$1" | sed -E 's/-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}\.backup$//'
}

# One line for each member that has the database; none when there is no such database.
states() {
  rows=$(cypher "SHOW DATABASES YIELD name, currentStatus, address, statusMessage WHERE name = '$1' RETURN currentStatus, address, statusMessage") \
    || return 1
  printf '%s\n' "$rows" | tail -n +2
}

wait_for() {
  deadline=$(($(date +%s) + RESTORE_TIMEOUT_SECONDS))
  while true; do
    now=$(states "$1") || now="no answer from $RESTORE_ADDRESS"
    [ -n "$now" ] && ! printf '%s\n' "$now" | grep -qv "^\"$2\"" && return
    [ "$(date +%s)" -lt "$deadline" ] || fail "database $1 is not $2 everywhere after $RESTORE_TIMEOUT_SECONDS s: $now"
    sleep 2
  done
}

restore() {
  seed=$RESTORE_SEED/$name/$2
  echo "restoring database $1 from $seed"
  before=$(states "$1") || fail "$RESTORE_ADDRESS does not say what databases it has"
  if [ -n "$before" ]; then
    cypher "STOP DATABASE \`$1\` WAIT"
    wait_for "$1" offline
    cypher "CALL dbms.cluster.recreateDatabase('$1', {seedURI: '$seed'})"
  else
    cypher "CREATE DATABASE \`$1\` OPTIONS {existingData: 'use', seedURI: '$seed'}"
  fi
  wait_for "$1" online
}

manifest=$(ls -d "$BACKUP_FOLDER"/*/manifest.json) || fail "$BACKUP_FOLDER has no whole backup"
name=$(basename "$(dirname "$manifest")")
cd "$BACKUP_FOLDER/$name"
sha256sum -c SHA256SUMS || fail "backup $name does not have the checksums that it had when it was made"
for artifact in *.backup; do
  database=$(database_of "$artifact")
  case $database in
    system) ;;
    *[!a-z0-9.-]*) fail "$artifact is not named as neo4j-admin names a backup" ;;
    *) restore "$database" "$artifact" ;;
  esac
done
echo "restored $name"
