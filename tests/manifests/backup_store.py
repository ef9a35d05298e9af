"""Backups in a folder that stands for the object store: rclone's local backend, with the command lines of the manifests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.manifests.backup_programs import Done, run

if TYPE_CHECKING:
    from pathlib import Path

NAME = "%Y-%m-%dT%H-%M-%SZ"
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Store:
    """The manifest's command lines for store.sh, with a folder as the object store."""

    upload: list[str]
    download: list[str]
    files: Path
    remote: Path

    def run(self, command: list[str], **settings: str) -> Done:
        variables = {"BACKUP_KEEP": "3", "BACKUP_KEEP_DAYS": "30", "BACKUP_FOLDER": str(self.files), "BACKUP_STORE": str(self.remote)}
        return run(command, {**variables, **settings})

    def made(self, *, days_ago: int = 0) -> str:
        """A backup that waits to be uploaded."""
        return self._backup(self.files, days_ago)

    def has(self, *ages: int, whole: bool = True) -> list[str]:
        """Backups of these ages in days are in the store already."""
        return [self._backup(self.remote, age, whole=whole) for age in ages]

    def names(self) -> list[str]:
        return sorted(each.name for each in self.remote.iterdir())

    @staticmethod
    def _backup(folder: Path, days_ago: int, *, whole: bool = True) -> str:
        name = (NOW - timedelta(days=days_ago)).strftime(NAME)
        (folder / name / "collections").mkdir(parents=True)
        (folder / name / "collections" / "docs.snapshot").write_text(name, "utf-8")
        if whole:
            (folder / name / "manifest.json").write_text("{}", "utf-8")
        return name
