#!/bin/sh
# A full online backup of every database, `system` included, each proven consistent; manifest.json is written last.
# Full, never differential: each backup stands alone, and the seed provider that restores takes no chains.
set -eu

fail() {
  echo "error: $*" >&2
  exit 1
}

database_of() {
  basename "$1" | sed -E 's/-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}\.backup$//'
}

fresh() {
  rm -rf "$1"
  mkdir -p "$1"
}

name=$(date -u +%Y-%m-%dT%H-%M-%SZ)
target=$BACKUP_FOLDER/$name
fresh "$BACKUP_FOLDER" # with what an attempt before this one left
mkdir "$target"

fresh "$BACKUP_TEMPORARY"
neo4j-admin database backup --from="$BACKUP_FROM" --to-path="$target" --temp-path="$BACKUP_TEMPORARY" \
  --type=FULL --pagecache="$BACKUP_PAGECACHE" "*" || fail "neo4j-admin could not back up all databases from $BACKUP_FROM"

for wanted in system neo4j; do
  found=$(find "$target" -name "$wanted-*.backup")
  [ -n "$found" ] || fail "there is no backup of database $wanted"
done

neo4j-admin backup inspect --show-metadata "$target"
for artifact in "$target"/*.backup; do
  database=$(database_of "$artifact")
  fresh "$BACKUP_TEMPORARY"
  neo4j-admin database check --from-path="$target" --temp-path="$BACKUP_TEMPORARY" --report-path=/tmp \
    --max-off-heap-memory="$BACKUP_CHECK_MEMORY" "$database" || fail "the backup of database $database is inconsistent"
done
rm -rf "$BACKUP_TEMPORARY"

version=$(neo4j-admin --version)
(cd "$target" && sha256sum ./*.backup) > "$target/SHA256SUMS"
printf '{"made_at": "%s", "neo4j_version": "%s", "databases": %d}\n' "$name" "$version" "$(wc -l < "$target/SHA256SUMS")" \
  > "$target/manifest.json.partial"
mv "$target/manifest.json.partial" "$target/manifest.json"
echo "backed up as $name"
