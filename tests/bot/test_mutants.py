"""The list of mutants that may live names lines that are still there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.mutants import MUTANT, listed

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("change", sorted(listed()))
def test_an_explained_mutant_is_one_of_the_code_as_it_is(change: str) -> None:
    name, _, words = change.partition(": ")
    module, function = name.rsplit(".", 1)
    code = " ".join((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8").split())
    before = words.partition(" => ")[0]
    assert f"def {function}(" in code
    assert before in code


@pytest.mark.parametrize(
    ("mutant", "module", "kind", "function"),
    [
        ("bot.promotion.x__drops__mutmut_1", "bot.promotion", None, "_drops"),
        ("bot.gate.scope.xǁPlaceǁreplicas__mutmut_12", "bot.gate.scope", "Place", "replicas"),
    ],
)
def test_a_mutant_is_known_by_its_function(mutant: str, module: str, kind: str | None, function: str) -> None:
    found = MUTANT.fullmatch(mutant)
    assert found
    assert found.group("module", "kind", "function") == (module, kind, function)
