"""Addresses: every one of the cluster leads somewhere, and those of the internet are left alone."""

from __future__ import annotations

import pytest

from bot.policies.addresses import ADDRESS_POLICIES, addresses_lead_somewhere
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

CHECK = "Job qdrant-check"
CONTAINER = "spec.template.spec.containers[check]"


def told(value: str) -> Failing:
    """A variable of the Job."""
    at = f"{CHECK} {CONTAINER}.env"
    return Failing(addresses_lead_somewhere, at, [{"name": "TARGET", "value": value}], "name one of", f"{CONTAINER}.env[TARGET]")


FAILING = (
    told("http://qdrnat:6333"),
    told("http://qdrant:6335"),
    told("qdrant:7687"),
    told("qdrant-0.qdrant-headles:6333"),
    told("qdrant-3.qdrant-headless:6335"),
    told("http://neo4j/"),
    told("qdrant-0.qdrant-headless:6335,qdrant-9.qdrant-headless:6335"),
    told("http://qdrant.context-prod.svc.cluster.local:6333"),
    told("http://qdrant.context-prod:6333"),
    told("http://qdrant.mlcf.svc:6333"),
    Failing(addresses_lead_somewhere, f"{CHECK} {CONTAINER}.args", ["http://context-apu:8000"], "name one of"),
    Failing(addresses_lead_somewhere, f"{CHECK} {CONTAINER}.command", ["check", "--api=http://context-api:8001"], "name one of"),
    Failing(
        *(addresses_lead_somewhere, "StatefulSet qdrant spec.template.spec.containers[qdrant].env[QDRANT_URI]"),
        {"name": "QDRANT_URI", "value": "http://$(POD_NAME).qdrant-headless:6336"},
        "name one of",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.at.rpartition('.')[2]} {case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize(
    "value",
    [
        "http://qdrant:6333",
        "neo4j://neo4j",
        "qdrant-0.qdrant-headless:6335, qdrant-2.qdrant-headless:6335",
        "http://qdrant.context-staging.svc.cluster.local:6333/collections",
        "http://qdrant.context-staging:6333",
        "http://opentelemetry-collector.observability:4317",
        "https://abc.supabase.co",
        "https://abc.supabase.co:8443/auth",
        "http://$(HOST_IP):9000",
        "http://localhost:15020/healthz",
        "0.0.0.0:6362",
        "127.0.0.1:80",
        ":8080",
        "mlcf.api.main:app",
        "ghcr.io/dpdpdpdp0987/context-api:v1.4.2",
        "store:backups-staging/qdrant",
        "02:15",
        "a sentence, and http://nowhere:1 in it",
    ],
)
def test_what_is_right_or_none_of_ours_passes(value: str) -> None:
    assert list(told(value).found()) == []


def test_what_several_containers_take_from_one_config_map_is_told_once() -> None:
    where = "ConfigMap qdrant-backup-settings-5h2k9f4dbt data.TARGET"
    assert len(list(addresses_lead_somewhere(changed(where, "http://qdrnat:6333")))) == 1


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(ADDRESS_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(ADDRESS_POLICIES)
