"""Promtool: Prometheus's own opinion of the rules that an environment renders."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bot.model import BotError
from bot.policies.manifests import Violation, name_of, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Object

RULES = "PrometheusRule"
SECONDS = 30
HINT = "install it (Debian: the package prometheus), or see that the one on PATH runs"
PLACE = re.compile(r"^\d+:\s*(?:\d+:\d+:\s*)?")  # file, line and column of what we wrote to a scratch folder


def rule_problems(objects: Iterable[Object]) -> Iterator[Violation]:
    """What `promtool check rules` refuses; where there is no promtool, a warning that says so."""
    rules = [item for item in objects if item.get("kind") == RULES]
    program = shutil.which("promtool")
    if not rules:
        return
    if program is None:
        what = "its rules were not checked by promtool, which is not installed"
        yield wrong(rules[0], "spec.groups", what, hint=HINT, is_error=False)
        return
    with tempfile.TemporaryDirectory(prefix="bot-rules-") as scratch:
        files = {str(number): item for number, item in enumerate(rules)}
        for name, item in files.items():
            groups = {"groups": (item.get("spec") or {}).get("groups") or []}
            Path(scratch, name).write_text(json.dumps(groups, default=str), encoding="utf-8")
        if _refusal(program, [*files], scratch):  # which of them, not every message says
            for name, item in files.items():
                for what in _refusal(program, [name], scratch):
                    yield Violation(RULES, name_of(item), "spec.groups", f"promtool refuses it: {what}", "correct the rule")


def _refusal(program: str, files: list[str], folder: str) -> list[str]:
    """What promtool says against files; nothing when it is content."""
    command = [program, "check", "rules", "--lint-fatal", *files]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BotError(f"promtool does not run: {type(error).__name__}", HINT) from error
    if not done.returncode:
        return []
    lines = [PLACE.sub("", line.strip()) for line in done.stderr.splitlines()]
    told = [line for line in lines if line and line != "FAILED:"]
    about_groups = [line for line in told if line.startswith("group")]
    return about_groups or [" ".join(told) or f"it exits with {done.returncode}"]
