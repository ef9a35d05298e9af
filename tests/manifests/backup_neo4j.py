"""Stand-ins for Neo4j's own tools, which need a licence and a cluster: what the programs of the backup feature ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.manifests.backup_programs import NEO4J, Done, run

if TYPE_CHECKING:
    from pathlib import Path

# Of 5.26: the commands of backup.sh, and what FAULT spoils.
ADMIN = r"""#!/bin/sh
case "$1 ${2:-}" in
  "--version ") echo 5.26.29 ;;
  "database backup")
    for argument in "$@"; do case $argument in --to-path=*) target=${argument#--to-path=} ;; esac; done
    for name in ${DATABASES:-system neo4j}; do echo "store of $name" > "$target/$name-2026-11-23T03-45-00.backup"; done
    [ "${FAULT:-}" != backup ] ;;
  "backup inspect") [ "${FAULT:-}" != inspect ] ;;
  "database check")
    for last in "$@"; do :; done
    [ "${FAULT:-}" != "check $last" ] ;;
  *) exit 64 ;;
esac
"""
# A cluster of three, which remembers in $STATE.<database> the state of each, and in $STATE.log what it was asked.
SHELL = r"""#!/bin/sh
for statement in "$@"; do :; done
echo "$statement" >> "$STATE.log"
quoted=${statement#*[\`\']}
database=$STATE.${quoted%%[\`\']*}
case $statement in
  "SHOW DATABASES"*)
    [ "${OUTCOME:-}" != silent ] || exit 1
    echo "currentStatus, address, statusMessage"
    [ ! -e "$database" ] || for member in 0 1 2; do echo "\"$(cat "$database")\", \"neo4j-$member:7687\", \"\""; done ;;
  "SHOW PROCEDURES EXECUTABLE YIELD name WHERE name = '"*"' RETURN name")
    echo name
    [ "${OUTCOME:-}" = "no procedure" ] || echo "\"${quoted%%\'*}\"" ;;
  "STOP DATABASE "*)
    [ "${OUTCOME:-}" != "no stop" ] || exit 1
    echo offline > "$database" ;;
  "START DATABASE "*)
    [ "${OUTCOME:-}" != "no start" ] || exit 1
    echo online > "$database" ;;
  "CALL dbms.cluster.recreateDatabase("*)
    case ${OUTCOME:-} in "no recreation" | "no start") exit 1 ;; killed) kill "$PPID"; exit 1 ;; esac
    echo "${OUTCOME:-online}" > "$database" ;;
  "CREATE DATABASE "*) echo "${OUTCOME:-online}" > "$database" ;;
  *) exit 64 ;;
esac
"""


@dataclass(frozen=True)
class Neo4j:
    """The manifest's command lines for Neo4j, and the folder that they work in."""

    backup: list[str]
    restore: list[str]
    folder: Path

    def run(self, command: list[str], **settings: str) -> Done:
        lines = (NEO4J / "backup.env").read_text("utf-8").splitlines()
        variables = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        here = {"BACKUP_FOLDER": "files", "BACKUP_TEMPORARY": "temporary", "STATE": "state"}
        folders = {name: str(self.folder / path) for name, path in here.items()}
        return run(
            command, {**variables, **folders, "RESTORE_TIMEOUT_SECONDS": "1", "NEO4J_USERNAME": "neo4j", **settings}, programs=self.folder
        )

    def manifests(self) -> list[Path]:
        return sorted((self.folder / "files").glob("*/manifest.json"))

    def asked(self) -> list[str]:
        """The statements that change something."""
        log = self.folder / "state.log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [line for line in lines if not line.startswith("SHOW")]


def stand_in(backup: list[str], restore: list[str], folder: Path) -> Neo4j:
    """A running cluster with the database neo4j."""
    for name, text in (("neo4j-admin", ADMIN), ("cypher-shell", SHELL)):
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o755)
    (folder / "state.neo4j").write_text("online\n", "utf-8")
    return Neo4j(backup, restore, folder)
