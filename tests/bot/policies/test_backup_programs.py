"""What is known of the programs of backups is what the programs say themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.policies.backup_programs import KINDS, SEED, STEPS

APPS = Path(__file__).parents[3] / "apps"
# A variable in a shell; in Python, where the environment is asked for it.
READ = {".sh": re.compile(r"\$\{?([A-Z][A-Z0-9_]+)"), ".py": re.compile(r'"((?:BACKUP|QDRANT)_[A-Z_]+)"')}
FILES = sorted({(kind.name.removesuffix("-backup"), step.file) for kind in KINDS for step in kind.steps if step is not SEED})


@pytest.mark.parametrize(("app", "file"), FILES, ids=[f"{app}-{file}" for app, file in FILES])
def test_a_program_reads_what_is_asked_for_it(app: str, file: str) -> None:
    program = APPS / app / "features" / "backup" / file
    text = re.sub(r"(?m)^\s*#.*", "", program.read_text("utf-8"))
    steps = [step for step in STEPS if step.file == file]
    known = {variable.name for step in steps for variable in step.reads} | {name for step in steps for name in step.may_be_empty}
    assert set(READ[program.suffix].findall(text)) == known
    assert all(step.argument in text for step in steps)
