#!/bin/sh
# Backups in the object store: upload (with retention) and download.
# A backup is a folder named by its time. It is whole once it has manifest.json, which arrives last and goes first.
set -eu

fail() {
  echo "error: $*" >&2
  exit 1
}

named_by_time() {
  grep -E '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z$' || true
}

# Into variables, not into pipes: there a failed list would look like an empty one, and retention would act on it.
list() {
  manifests=$(rclone lsf --recursive --files-only --include '/*/manifest.json' "$BACKUP_STORE")
  folders=$(rclone lsf --dirs-only "$BACKUP_STORE")
  whole=$(printf '%s\n' "$manifests" | sed 's|/manifest\.json$||' | named_by_time | sort -r)
  all=$(printf '%s\n' "$folders" | sed 's|/$||' | named_by_time | sort -r)
}

upload() {
  found=$(cd "$BACKUP_FOLDER" && ls -d ./*/manifest.json) || fail "$BACKUP_FOLDER has no whole backup"
  name=$(basename "$(dirname "$found")")
  rclone copy --exclude /manifest.json "$BACKUP_FOLDER/$name" "$BACKUP_STORE/$name"
  rclone check --one-way --exclude /manifest.json "$BACKUP_FOLDER/$name" "$BACKUP_STORE/$name"
  rclone copyto "$BACKUP_FOLDER/$name/manifest.json" "$BACKUP_STORE/$name/manifest.json"
  echo "uploaded $name"
}

# The newest BACKUP_KEEP stay, however old they are: when backups fail for a month, the last good ones are all there is.
prune() {
  [ "$BACKUP_KEEP" -ge 1 ] || fail "BACKUP_KEEP is ${BACKUP_KEEP:-empty}; the last good backup must stay"
  [ "$BACKUP_KEEP_DAYS" -ge 1 ] || fail "BACKUP_KEEP_DAYS is ${BACKUP_KEEP_DAYS:-empty}; the backups of a day must stay"
  list
  cutoff=$(date -u -d "@$(($(date +%s) - BACKUP_KEEP_DAYS * 86400))" +%Y-%m-%dT%H-%M-%SZ)
  expired=$(printf '%s\n' "$whole" | awk -v keep="$BACKUP_KEEP" -v cutoff="$cutoff" 'NR > keep && $0 < cutoff')
  for name in $expired; do
    rclone deletefile "$BACKUP_STORE/$name/manifest.json"
    rclone purge "$BACKUP_STORE/$name"
    echo "removed $name"
  done
  for name in $(printf '%s\n' "$all" | awk -v cutoff="$cutoff" '$0 != "" && $0 < cutoff'); do
    printf '%s\n' "$whole" | grep -qxF "$name" && continue
    rclone purge "$BACKUP_STORE/$name"
    echo "removed $name, which was never whole"
  done
}

download() {
  list
  name=${BACKUP_NAME:-$(printf '%s\n' "$whole" | head -n 1)}
  [ -n "$name" ] || fail "$BACKUP_STORE has no whole backup"
  printf '%s\n' "$whole" | grep -qxF "$name" || fail "$BACKUP_STORE has no whole backup $name; it has: $(echo "$whole" | tr '\n' ' ')"
  rm -rf "$BACKUP_FOLDER"
  rclone copy "$BACKUP_STORE/$name" "$BACKUP_FOLDER/$name"
  echo "downloaded $name"
}

case "${1:-}" in
  upload)
    upload
    prune
    ;;
  download) download ;;
  *) fail "usage: store.sh upload|download" ;;
esac
