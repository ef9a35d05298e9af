"""The API server itself judges our manifests; `bot validate`'s schema check agrees with it on broken ones."""

from __future__ import annotations

import copy
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest

from bot.adapters.render import open_renderer
from bot.adapters.schemas import schema_problems
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack
from tests.e2e.cluster import discovered, path_of

if TYPE_CHECKING:
    from tests.e2e.cluster import Cluster, Object
    from tests.e2e.running import Running

KUBERNETES = "1.35"  # the oldest that there are schemas of; the API server here is one older
ENVIRONMENTS = ("dev", "staging", "prod")
CONTAINER = ("spec", "template", "spec", "containers", 0)

# what is broken: kind, the path to the field, and what stands there instead
BROKEN: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "a number in words": ("Deployment", ("spec", "replicas"), "three"),
    "a misspelt field": ("Deployment", ("spec", "template", "spec", "contianers"), []),
    "a field at the wrong level": ("StatefulSet", ("spec", "readinessProbe"), {"tcpSocket": {"port": 6333}}),
    "a value that is none of those allowed": ("Deployment", (*CONTAINER, "imagePullPolicy"), "Sometimes"),
    "a quantity that is none": ("StatefulSet", (*CONTAINER, "resources", "requests", "memory"), "4 gigs"),
    "a port above all ports": ("Service", ("spec", "ports", 0, "port"), 99999),
    "a name in capitals": ("ConfigMap", ("metadata", "name"), "Settings"),
    "a label that is too long": ("Service", ("metadata", "labels", "environment"), "x" * 64),
    "a list where a mapping belongs": ("NetworkPolicy", ("spec", "podSelector"), []),
    "a setting that is no text": ("ConfigMap", ("data", "retries"), 3),
    "an unknown field of a VirtualService": ("VirtualService", ("spec", "http", 0, "retry"), {"attempts": 2}),
    "a Gateway's TLS mode that there is not": ("Gateway", ("spec", "servers", 0, "tls", "mode"), "SECURE"),
    "a DestinationRule's limit in words": ("DestinationRule", ("spec", "trafficPolicy", "outlierDetection", "baseEjectionTime"), 30),
    "an mTLS mode that there is not": ("PeerAuthentication", ("spec", "mtls", "mode"), "ALWAYS"),
    "an action of an AuthorizationPolicy that there is not": ("AuthorizationPolicy", ("spec", "action"), "PERMIT"),
    "an alert's wait in words": ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "for"), "five minutes"),
    "a ServiceMonitor's misspelt endpoint": ("ServiceMonitor", ("spec", "endpoints", 0, "pathh"), "/metrics"),
    "an ExternalSecret's unknown policy": ("ExternalSecret", ("spec", "target", "creationPolicy"), "Never"),
    "a VerticalPodAutoscaler's unknown mode": ("VerticalPodAutoscaler", ("spec", "updatePolicy", "updateMode"), "Sometimes"),
    "a disruption budget that is no number": ("PodDisruptionBudget", ("spec", "maxUnavailable"), {"count": 1}),
    "a removed version": ("HorizontalPodAutoscaler", ("apiVersion",), "autoscaling/v2beta2"),
    "an API that there is not": ("ServiceMonitor", ("apiVersion",), "monitoring.coreos.com/v2"),
}


@pytest.fixture(scope="module")
def rendered(running: Running) -> dict[str, list[Object]]:
    """Every environment as the first scenario found it."""
    objects, renderer = running.sandbox.objects, open_renderer()
    environments = read_stack(objects, running.base).environments.items()
    return {name: [*render_at(objects, renderer, commit=running.base, environment=each).objects] for name, each in environments}


def refusal(cluster: Cluster, item: Object, *, like: Object) -> str | None:
    """What the API server says to an object; it is asked where the sound one would be, should there be no such kind."""
    known = discovered(cluster, [like["apiVersion"]])
    address = path_of(like | {"metadata": item["metadata"]}, known).replace(like["apiVersion"], item["apiVersion"])
    return cluster.try_out(item, address)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_api_server_accepts_every_object(running: Running, rendered: dict[str, list[Object]], environment: str) -> None:
    cluster = running.plane.cluster
    known = discovered(cluster, sorted({item["apiVersion"] for item in rendered[environment]}))
    answers = {}
    for item in rendered[environment]:
        answers[item["kind"], item["metadata"]["name"]] = cluster.try_out(item, path_of(item, known))
    assert len(answers) > 50
    assert {name: answer for name, answer in answers.items() if answer} == {}


def test_what_is_broken_is_refused_by_the_api_server_and_by_bot_validate(running: Running, rendered: dict[str, list[Object]]) -> None:
    taken_by_server, taken_by_bot = [], []
    for what, (kind, path, value) in BROKEN.items():
        sound = next(item for item in rendered["prod"] if item["kind"] == kind and reaches(item, path))
        assert refusal(running.plane.cluster, sound, like=sound) is None
        assert schema_problems([sound], kubernetes=[KUBERNETES]) == ()
        broken = copy.deepcopy(sound)
        at(broken, path[:-1])[path[-1]] = value
        if refusal(running.plane.cluster, broken, like=sound) is None:
            taken_by_server.append(what)
        if not schema_problems([broken], kubernetes=[KUBERNETES]):
            taken_by_bot.append(what)
    assert (taken_by_server, taken_by_bot) == ([], [])


def test_the_cluster_admits_no_image_by_a_moving_tag(running: Running, rendered: dict[str, list[Object]]) -> None:
    sound = next(item for item in rendered["prod"] if item["kind"] == "Deployment")
    loose = copy.deepcopy(sound)
    at(loose, CONTAINER)["image"] = "ghcr.io/dpdpdpdp0987/context-api:latest"
    assert "latest" in (refusal(running.plane.cluster, loose, like=sound) or "")


def at(item: Any, path: tuple[str | int, ...]) -> Any:
    """What lies at a path of an object."""
    return reduce(lambda found, step: found[step], path, item)


def reaches(item: Object, path: tuple[str | int, ...]) -> bool:
    """Whether all but the last step of a path are there."""
    try:
        at(item, path[:-1])
    except (KeyError, IndexError, TypeError):
        return False
    return True
