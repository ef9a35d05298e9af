"""Neo4j's memory fits its container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.policies.neo4j_memory import (
    CACHE,
    INITIAL,
    MOST,
    NEO4J_MEMORY_POLICIES,
    neo4j_fits_its_container,
    neo4j_heap_does_not_grow,
    neo4j_memory_is_said,
    size,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

if TYPE_CHECKING:
    from tests.bot.policies.examples import Policy

CONTAINER = "spec.template.spec.containers[neo4j]"


def setting(policy: Policy, name: str, value: object, hint: str, points_to: str = "") -> Failing:
    field = f"{CONTAINER}.env[{points_to or name}]"
    return Failing(policy, f"ConfigMap neo4j-settings-5btd9cdm2g data.{name}", value, hint, field, "StatefulSet neo4j")


FAILING = (
    *(setting(neo4j_memory_is_said, name, GONE, "512m") for name in (INITIAL, MOST, CACHE)),
    setting(neo4j_memory_is_said, CACHE, "much", "512m"),
    setting(neo4j_memory_is_said, CACHE, "0", "512m"),
    setting(neo4j_heap_does_not_grow, INITIAL, "512m", "set both to 1536m"),
    setting(neo4j_heap_does_not_grow, MOST, "1535m", "set both to 1535m", INITIAL),
    setting(neo4j_fits_its_container, MOST, "3g", "two thirds"),  # and 1 GiB of page cache: the whole limit of 4 GiB
    setting(neo4j_fits_its_container, CACHE, "4g", "two thirds", MOST),
    Failing(
        *(neo4j_fits_its_container, f"StatefulSet neo4j {CONTAINER}.resources.limits.memory", "2560Mi", "two thirds"),
        field=f"{CONTAINER}.env[{MOST}]",
    ),
)


@pytest.mark.parametrize(
    "case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at} {'gone' if case.value is GONE else case.value}"
)
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize(("written", "found"), [("1g", 1 << 30), ("1GiB", 1 << 30), ("2MB", 2 << 20), ("8k", 8192), ("7", 7), ("7B", 7)])
def test_sizes_are_read_as_neo4j_reads_them(written: str, found: int) -> None:
    assert size(written) == found


def test_a_limit_just_above_both_passes() -> None:
    assert list(neo4j_fits_its_container(changed(f"StatefulSet neo4j {CONTAINER}.resources.limits.memory", "2561Mi"))) == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(NEO4J_MEMORY_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(NEO4J_MEMORY_POLICIES)
