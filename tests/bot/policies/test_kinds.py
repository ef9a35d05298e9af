"""Kinds and versions that clusters serve."""

from __future__ import annotations

import json

import pytest

from bot.policies.kinds import KIND_POLICIES, kinds_are_served, versions_are_current, workloads_are_whole
from bot.schemas import derive
from tests.bot.policies.examples import Failing, check_failing, check_module, check_odd, manifests

FAILING = (
    Failing(kinds_are_served, "PodSecurityPolicy restricted apiVersion", "policy/v1beta1", "pod-security.kubernetes.io", field="kind"),
    Failing(versions_are_current, "CronJob qdrant-backup apiVersion", "batch/v1beta1", "write batch/v1"),
    Failing(versions_are_current, "ExternalSecret neo4j apiVersion", "external-secrets.io/v1beta1", "external-secrets.io/v1"),
    Failing(workloads_are_whole, "Pod debug spec", {"containers": []}, "write a Deployment", field="kind"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(KIND_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(KIND_POLICIES)


SERVED = sorted({kind for path in derive.HERE.glob("*.json") for kind in json.loads(path.read_text()).get("kinds", ())})


@pytest.mark.parametrize("api_and_kind", SERVED)
def test_a_version_is_called_replaced_only_where_the_kind_has_the_newer_one(api_and_kind: str) -> None:
    """Not all kinds of a group follow it: ProxyConfig and EnvoyFilter of Istio have stayed."""
    version, kind = api_and_kind.split(" ")
    for violation in versions_are_current(manifests([{"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}])):
        assert f"{violation.hint.removeprefix('write ')} {kind}" in SERVED


@pytest.mark.parametrize("kind", ["networking.istio.io/v1beta1 ProxyConfig", "networking.istio.io/v1alpha3 EnvoyFilter"])
def test_a_kind_that_stayed_behind_its_group_is_good(kind: str) -> None:
    version, _, name = kind.partition(" ")
    assert not list(versions_are_current(manifests([{"apiVersion": version, "kind": name, "metadata": {"name": "x"}}])))
