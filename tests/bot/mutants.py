"""After `mutmut run`: the share of mutants that was killed; fails below 95%, or when one lives that mutants.txt does not explain.

As a plugin of pytest it lets the test that notices most come first: mutmut runs those of a mutant in no order, up to the first that fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

NOTICES_MOST = "test_gate_record"
LISTED = Path(__file__).with_name("mutants.txt")
LEAST = 0.95
MUTANT = re.compile(r"(?P<module>.+)\.x_?(?:ǁ(?P<kind>\w+)ǁ)?(?P<function>\w+)__mutmut_\d+")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The record first, its short parts before the long ones."""
    items.sort(key=lambda item: (NOTICES_MOST not in item.nodeid, item.nodeid))


def main() -> None:
    """Whatever is not killed lives: that no test ran it, or that it ran too long, is to be explained, too."""
    states = dict(line.strip().split(": ") for line in mutmut("results", "--all", "true").splitlines())
    living = {change_of(mutant): f"{mutant} ({state})" for mutant, state in states.items() if state != "killed"}
    explained = listed()
    counts = Counter(states.values())
    share = counts["killed"] / len(states)
    say(f"{len(states)} mutants: " + ", ".join(f"{count} {state}" for state, count in counts.most_common()) + f"; {share:.2%} killed")
    problems = [f"lives, and is not explained: {mutant}\n  {change}" for change, mutant in living.items() if change not in explained]
    problems += [f"is explained, and does not live (or is no more): {change}" for change in explained - living.keys()]
    if share < LEAST:
        problems.append(f"less than {LEAST:.0%} are killed")
    for problem in problems:
        say(problem)
    sys.exit(f"write tests for them, or say in {LISTED.name} why they may live" if problems else 0)


def listed() -> set[str]:
    """The changes that are explained, as `function: before => after`."""
    return {line for line in LISTED.read_text("utf-8").splitlines() if line and not line.startswith(("#", " "))}


def change_of(mutant: str) -> str:
    """What a mutant changes, stable while numbers and line breaks are not."""
    found = MUTANT.fullmatch(mutant)
    name = ".".join(filter(None, found.group("module", "kind", "function"))) if found else mutant
    lines = [line for line in mutmut("show", mutant).splitlines() if not line.startswith(("---", "+++", "#", "@"))]
    before, after = (" ".join(" ".join(line[1:] for line in lines if line.startswith(sign)).split()) for sign in "-+")
    return f"{name}: {before} => {after}"


def mutmut(*words: str) -> str:
    """What mutmut prints."""
    return subprocess.run([sys.executable, "-m", "mutmut", *words], check=True, capture_output=True, text=True).stdout


def say(text: str) -> None:
    """One line for people."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
