"""Pods start, serve and stop without losing a request: what each probe may ask, and how long an end may take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, number, text, words
from bot.policies.manifests import said_in
from bot.policies.selectors import services_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
DEEP_PATHS = frozenset({"/", "/health", "/health/detailed", "/health/ready", "/healthz/ready", "/readyz", "/ready"})
LIFE_PATHS = frozenset({"/health/live", "/healthz/live", "/livez", "/live"})
LEAST_TIMEOUT = 3  # Qdrant alone takes half a second to answer; with a throttled cpu, more
MISSING_PROGRAMS = re.compile(r"\b(curl|wget)\b")
SERVERS = ("Deployment", "StatefulSet", "DaemonSet")
LEAST_DRAIN = {"Deployment": 20, "StatefulSet": 60, "DaemonSet": 20}  # seconds after preStop: requests end, databases flush
DEFAULT_GRACE = 30
DRAIN_ARGUMENT = re.compile(r"--timeout-graceful-shutdown[= ](\d+)")


def life_depends_on_nothing_else(manifests: Manifests) -> Iterator[Violation]:
    """Liveness and startup ask whether the process runs, never whether its databases do."""
    for pods, where, container in manifests.containers():
        for probe in ("livenessProbe", "startupProbe"):
            path = text(container, probe, "httpGet", "path")
            is_shared = probe == "livenessProbe" and _shared(container) == path and not _is_of_life(container, path)
            if path and (path in DEEP_PATHS or is_shared):
                what = f"is {path}, which answers for the databases, too: their outage restarts every replica of this Pod"
                hint = "ask a path that only says that the process runs: /health/live of context-api, /livez of Qdrant"
                yield pods.wrong(f"{where}.{probe}.httpGet.path", what, hint=hint)


def readiness_asks_more_than_life(manifests: Manifests) -> Iterator[Violation]:
    """Readiness does not ask what liveness asks: that only says that the process runs."""
    for pods, where, container in manifests.containers():
        path = _shared(container)
        if path not in DEEP_PATHS and _is_of_life(container, path):
            what = f"is {path}, as for liveness, which only says that the process runs: what cannot serve still gets requests"
            hint = "ask a path that answers for what serving needs: /health/ready of context-api, /readyz of Qdrant"
            yield pods.wrong(f"{where}.readinessProbe.httpGet.path", what, hint=hint)


def life_begins_after_startup(manifests: Manifests) -> Iterator[Violation]:
    """Liveness waits for a startup probe: models load, stores recover, clusters form."""
    for pods, where, container in manifests.containers():
        if "livenessProbe" in container and "startupProbe" not in container:
            what = "is not there: liveness kills the container while it still loads a model or recovers a store"
            hint = "add a startupProbe with the same question, and failureThreshold x periodSeconds for the slowest start"
            yield pods.wrong(f"{where}.startupProbe", what, hint=hint)


def servers_are_watched(manifests: Manifests) -> Iterator[Violation]:
    """What runs for good and opens a port has a liveness probe."""
    for pods, where, container in _servers(manifests):
        if "livenessProbe" not in container:
            what = "is not there: a process that hangs stays, and nobody restarts it"
            yield pods.wrong(f"{where}.livenessProbe", what, hint="add a livenessProbe that only says that the process runs")


def traffic_waits_for_readiness(manifests: Manifests) -> Iterator[Violation]:
    """Whatever is behind a Service says when it can serve."""
    for pods, where, container in _servers(manifests):
        if "readinessProbe" not in container and services_of(manifests, pods):
            what = "is not there: a Service sends requests before the container listens, and a rollout goes on with a broken version"
            yield pods.wrong(f"{where}.readinessProbe", what, hint="add a readinessProbe that fails while the container cannot serve")


def answers_get_time(manifests: Manifests) -> Iterator[Violation]:
    """A probe that waits for an answer of the program waits longer than the default second."""
    for pods, where, container, probe in _probes(manifests):
        waits = {"httpGet", "grpc", "exec"} & mapping(container, probe).keys()
        if waits and number(container, probe, "timeoutSeconds", default=1) < LEAST_TIMEOUT:
            what = f"is below {LEAST_TIMEOUT} s: a busy program answers late, and is restarted or taken out for it"
            yield pods.wrong(f"{where}.{probe}.timeoutSeconds", what, hint=f"set timeoutSeconds: {LEAST_TIMEOUT} or more")


def probes_ask_open_ports(manifests: Manifests) -> Iterator[Violation]:
    """A probe's port, when named, is one of the container's."""
    for pods, where, container, probe in _probes(manifests):
        opened = [port.get("name") for port in mappings(container, "ports")]
        for kind in ("httpGet", "tcpSocket"):
            port = text(container, probe, kind, "port")
            if port and port not in opened:
                what = f"is {port}, which the container does not name: the probe always fails"
                hint = f"name one of {', '.join(str(each) for each in opened) or 'the ports, in the container'}"
                yield pods.wrong(f"{where}.{probe}.{kind}.port", what, hint=hint)


def commands_are_in_the_image(manifests: Manifests) -> Iterator[Violation]:
    """No probe or hook runs curl or wget, which the images do not have."""
    for pods, where, container in manifests.containers():
        hooks = [(f"lifecycle.{hook}", at(container, "lifecycle", hook)) for hook in ("postStart", "preStop")]
        for name, asked in [*((probe, container.get(probe)) for probe in PROBES), *hooks]:
            found = MISSING_PROGRAMS.search(" ".join(words(asked, "exec", "command")))
            if found:
                what = f"runs {found[0]}, which is not in the image (Debian slim): it always fails"
                yield pods.wrong(f"{where}.{name}.exec.command", what, hint="use httpGet or tcpSocket: the kubelet asks by itself")


def stops_after_its_last_request(manifests: Manifests) -> Iterator[Violation]:
    """Behind a Service, a container goes on for some seconds until everybody knows that it goes."""
    for pods, where, container in _servers(manifests):
        if _pause(container) <= 0 and services_of(manifests, pods):
            what = "does not wait: requests still arrive for seconds after the end was announced, and are refused"
            yield pods.wrong(f"{where}.lifecycle.preStop", what, hint="set lifecycle: {preStop: {sleep: {seconds: 5}}} or more")


def end_is_long_enough(manifests: Manifests) -> Iterator[Violation]:
    """The grace period covers the pause before the end, and the end."""
    for pods in manifests.pods:
        if pods.kind in SERVERS:
            grace = number(pods.spec, "terminationGracePeriodSeconds", default=DEFAULT_GRACE)
            needed = max((_pause(each) + _drain(pods, each) for each in mappings(pods.spec, "containers")), default=0)
            if grace < needed:
                what = f"is {grace} s, but preStop and the end take {needed} s: the process is killed in its work"
                yield pods.wrong(f"{pods.path}.terminationGracePeriodSeconds", what, hint=f"set it to {needed} or more")


PROBE_POLICIES = (
    life_depends_on_nothing_else,
    readiness_asks_more_than_life,
    life_begins_after_startup,
    servers_are_watched,
    traffic_waits_for_readiness,
    answers_get_time,
    probes_ask_open_ports,
    commands_are_in_the_image,
    stops_after_its_last_request,
    end_is_long_enough,
)


def _shared(container: Object) -> str:
    """The path that readiness and liveness both ask for, if they do."""
    ready, live = (text(container, probe, "httpGet", "path") for probe in ("readinessProbe", "livenessProbe"))
    return ready if ready == live else ""


def _is_of_life(container: Object, path: str) -> bool:
    """Whether a path only says that the process runs: by its name, or since startup asks for it, too."""
    return bool(path) and (path in LIFE_PATHS or path == text(container, "startupProbe", "httpGet", "path"))


def _servers(manifests: Manifests) -> Iterator[tuple[Pods, str, Object]]:
    """Containers that run for good and open ports."""
    for pods, where, container in manifests.containers():
        if pods.kind in SERVERS and mappings(container, "ports"):
            yield pods, where, container


def _probes(manifests: Manifests) -> Iterator[tuple[Pods, str, Object, str]]:
    for pods, where, container in manifests.containers():
        yield from ((pods, where, container, probe) for probe in PROBES if probe in container)


def _pause(container: Object) -> int:
    """Seconds that preStop waits."""
    hook = mapping(container, "lifecycle", "preStop")
    found = re.search(r"\bsleep (\d{1,4})\b", " ".join(words(hook, "exec", "command")))
    return number(hook, "sleep", "seconds", default=int(found[1]) if found else 0)


def _drain(pods: Pods, container: Object) -> int:
    """Seconds that the end itself may take: what the program is told, or what its kind needs."""
    found = DRAIN_ARGUMENT.search(" ".join(said_in(container)))
    return int(found[1]) if found else LEAST_DRAIN[pods.kind]
