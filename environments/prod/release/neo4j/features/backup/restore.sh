#!/bin/sh
# Restores every database of a downloaded backup but `system` into the running cluster.
# `neo4j-admin database restore` is for a stopped server: in a cluster its result contradicts the cluster's own state. So the members
# fetch a seed from this Pod, by dbms.cluster.recreateDatabase (5.24 and later), which replaces the store on all of them and keeps roles
# and privileges (Operations Manual 5, "Recreate a database"). It would take a running database, too; but one that was stopped, and is online
# again, has the new store for sure. What can be known before is found out before the first is stopped, and what was stopped for nothing
# is started again.
# `system` (users, roles) comes back only by the manual's disaster recovery; its backup is there for that.
set -eu

recreate=dbms.cluster.recreateDatabase
restored=none
stopped= # the database that is offline because of us and still has the store that it had

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

check() {
  now=$(states "$1") || fail "$RESTORE_ADDRESS does not say what databases it has; nothing was changed"
  [ -n "$now" ] || return 0
  if printf '%s\n' "$now" | grep -qvE '^"(online|offline)"'; then
    fail "database $1 is neither online nor offline everywhere, and can only be recreated from there; nothing was changed: $now"
  fi
  found=$(cypher "SHOW PROCEDURES EXECUTABLE YIELD name WHERE name = '$recreate' RETURN name") || found=''
  case $found in
    *"\"$recreate\""*) ;;
    *) fail "$NEO4J_USERNAME cannot call $recreate at $RESTORE_ADDRESS, so that database $1 cannot be replaced; nothing was changed" ;;
  esac
}

# Whatever ends the program between a stop and the new store, the database goes on with what it had.
give_back() {
  [ -n "$stopped" ] || return 0
  if cypher "START DATABASE \`$stopped\`"; then
    echo "database $stopped is started again, with what it had before; restored until then: $restored" >&2
  else
    echo "error: database $stopped is offline, with what it had before: START DATABASE \`$stopped\`; restored until then: $restored" >&2
  fi
}

replace() {
  if printf '%s\n' "$2" | grep -q '^"online"'; then stopped=$1; fi
  cypher "STOP DATABASE \`$1\` WAIT" || fail "database $1 could not be stopped"
  wait_for "$1" offline
  cypher "CALL $recreate('$1', {seedURI: '$3'})" || fail "$recreate was refused for database $1"
  stopped=
}

restore() {
  seed=$RESTORE_SEED/$name/$2
  echo "restoring database $1 from $seed"
  before=$(states "$1") || fail "$RESTORE_ADDRESS does not say what databases it has"
  if [ -n "$before" ]; then
    replace "$1" "$before" "$seed"
    instead="its former store is given up; restore it again, from this backup or another"
  else
    cypher "CREATE DATABASE \`$1\` OPTIONS {existingData: 'use', seedURI: '$seed'}" || fail "database $1 could not be made"
    instead="it was made by this restore: DROP DATABASE \`$1\` before the next"
  fi
  (wait_for "$1" online) || fail "the members did not take the new store of database $1; $instead; restored until then: $restored"
  if [ "$restored" = none ]; then restored=$1; else restored="$restored $1"; fi
}

manifest=$(ls -d "$BACKUP_FOLDER"/*/manifest.json) || fail "$BACKUP_FOLDER has no whole backup"
name=$(basename "$(dirname "$manifest")")
cd "$BACKUP_FOLDER/$name"
sha256sum -c SHA256SUMS || fail "backup $name does not have the checksums that it had when it was made"
trap give_back EXIT
trap 'exit 143' TERM # the shell is the first process of its Pod, which ends by no signal that it does not handle
for step in check restore; do
  for artifact in *.backup; do
    database=$(database_of "$artifact")
    case $database in
      system) ;;
      *[!a-z0-9.-]*) fail "$artifact is not named as neo4j-admin names a backup" ;;
      *) "$step" "$database" "$artifact" ;;
    esac
  done
done
echo "restored $name"
