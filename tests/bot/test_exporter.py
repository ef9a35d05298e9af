"""The sandbox's exporter: pages of a job, traffic that grows with time, and switches for trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from bot.observations import PodSeen
from bot.sandbox.exporter import ExportedEnvironment, Exporter, exporter_app
from bot.sandbox.exporter_pages import PAGES
from bot.sandbox.prometheus_store import NAME, parse_text
from bot.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGEST = "sha256:" + "ab" * 32
POD = PodSeen("context-api-1", (f"localhost:5000/team/context-api:v1@{DIGEST}", "busybox"), "Healthy", of_job=False)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def served(clock: Clock) -> Iterator[tuple[Exporter, httpx.Client]]:
    exporter = Exporter({}, clock)
    server = serve(exporter_app(exporter))
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield exporter, client
    server.stop()


@pytest.fixture
def client(served: tuple[Exporter, httpx.Client]) -> httpx.Client:
    """Of an exporter whose environments have just begun."""
    exporter, client = served
    exporter.environments["staging"] = ExportedEnvironment("context-staging", lambda: [POD])
    exporter.environments["prod"] = ExportedEnvironment("context-prod", list)
    return client


def page(client: httpx.Client, job: str, environment: str = "staging") -> Samples:
    reply = client.get(f"/metrics/{environment}/{job}")
    assert reply.status_code == 200
    samples = list(parse_text(reply.text))
    found = {(labels.pop(NAME), frozenset(labels.items())): value for labels, value in samples}
    assert len(found) == len(samples), "a page has each series once"
    return found


def requests(client: httpx.Client, environment: str = "staging") -> dict[str, float]:
    found = page(client, "context-api", environment)
    return {dict(labels)["status"]: value for (name, labels), value in found.items() if name == "http_requests_total"}


@pytest.mark.parametrize("job", PAGES)
def test_every_job_has_a_page(client: httpx.Client, job: str) -> None:
    """In the text format, each series once."""
    assert page(client, job)


def test_counters_grow_with_time_and_errors_only_while_switched_on(client: httpx.Client, clock: Clock) -> None:
    """More than one request in twenty fails while errors are on, none before and after."""
    before = requests(client)
    clock.now += 10
    calm = requests(client)
    client.post("/switch/staging/errors/on")
    clock.now += 10
    troubled = requests(client)
    client.post("/switch/staging/errors/off")
    clock.now += 10
    cured = requests(client)
    assert before["200"] < calm["200"] < troubled["200"] < cured["200"]
    assert before["500"] == calm["500"] == 0
    assert (troubled["500"] - calm["500"]) / (sum(troubled.values()) - sum(calm.values())) > 0.05
    assert cured["500"] == troubled["500"]


def test_trouble_stays_in_its_environment(client: httpx.Client, clock: Clock) -> None:
    """A switch names one environment."""
    client.post("/switch/staging/errors/on")
    requests(client, "prod")
    clock.now += 10
    assert requests(client, "prod")["500"] == 0


def test_a_job_that_is_off_does_not_answer(client: httpx.Client) -> None:
    """Until it is on again; the others go on."""
    client.post("/switch/staging/qdrant/off")
    assert client.get("/metrics/staging/qdrant").status_code == 503
    assert client.get("/metrics/staging/neo4j").status_code == 200
    client.post("/switch/staging/qdrant/on")
    assert client.get("/metrics/staging/qdrant").status_code == 200


def test_live_pods_show_their_images_as_a_cluster_spells_them(client: httpx.Client) -> None:
    """The registry's port is not a tag, and an image without a digest has no id."""
    containers = [dict(labels) for name, labels in page(client, "kube-state-metrics") if name == "kube_pod_container_info"]
    assert {labels["container"]: (labels["image"], labels["image_spec"], labels["image_id"]) for labels in containers} == {
        "context-api": (
            "localhost:5000/team/context-api:v1",
            f"localhost:5000/team/context-api:v1@{DIGEST}",
            f"localhost:5000/team/context-api@{DIGEST}",
        ),
        "busybox": ("busybox", "busybox", ""),
    }


def test_a_crash_loop_shows_only_while_it_is_on(client: httpx.Client) -> None:
    """A waiting reason has no series in good times, as with kube-state-metrics."""
    reason = "kube_pod_container_status_waiting_reason"
    assert reason not in {name for name, _ in page(client, "kube-state-metrics")}
    client.post("/switch/staging/crash-loop/on")
    assert reason in {name for name, _ in page(client, "kube-state-metrics")}


@pytest.mark.parametrize(
    ("path", "status"),
    [("nowhere/errors/on", 404), ("staging/nothing/on", 404), ("staging/errors/perhaps", 400)],
    ids=["unknown environment", "unknown switch", "neither on nor off"],
)
def test_an_unknown_switch_is_refused(client: httpx.Client, path: str, status: int) -> None:
    """With the reason in the status."""
    assert client.post(f"/switch/{path}").status_code == status


def test_an_unknown_page_is_not_found(client: httpx.Client) -> None:
    """Neither environment nor job."""
    assert client.get("/metrics/nowhere/qdrant").status_code == 404
    assert client.get("/metrics/staging/nothing").status_code == 404
