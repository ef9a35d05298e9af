"""Naming environments: what is written for all of them and wrong in some is told with the names of those."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.kustomizations import HASHES
from bot.model import ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.contents import Problem


def by_environment(found: Mapping[str, Iterable[Problem]]) -> Iterator[Problem]:
    """Each problem once: one of a shared file that not every environment has, such as by its overlay, begins with those that do."""
    holders: dict[Problem, dict[str, Problem]] = {}
    for name, problems in found.items():
        for each in problems:
            holders.setdefault(without_hashes(each), {})[name] = each
    for names in holders.values():
        each = next(iter(names.values()))
        is_told = each.file.startswith(f"{ENVIRONMENTS}/") or len(names) == len(found)
        yield each if is_told else replace(each, what=f"{', '.join(names)}: {each.what}")


def without_hashes(problem: Problem) -> Problem:
    """The same of every environment, although generated names differ in their hash."""
    return replace(problem, what=HASHES.sub("", problem.what), hint=HASHES.sub("", problem.hint))
