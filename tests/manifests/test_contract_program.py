"""The program that checks an image's contract, run by the Job's own command line against a process that keeps the contract or breaks it."""

from __future__ import annotations

import importlib
import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.manifests.backup_programs import Done, run
from tests.manifests.contract_process import EXPOSITION, LIVE, METRICS, READY, Answer, Process, drip, flood, good, measured, running
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Render

SMOKE = ROOT / "apps" / "context-api" / "features" / "smoke"
ONCE = ("--attempts", "1", "--timeout", "0.5")
DEFAULT = re.compile(r'"--(\w+)", type=\w+, default=([\d.]+)')
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@cache
def program() -> Any:
    """The program as a module, at its place in the tree: to start a Python for each case would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SMOKE)
        patch.setattr(sys, "dont_write_bytecode", True)  # the folder is part of a release
        return importlib.import_module("contract")


def ask(url: str, *options: str) -> Done:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            code = program().main([url, *options])
        except SystemExit as ended:
            code = ended.code
    return Done(code, said.getvalue())


def check(process: Process, *options: str) -> Done:
    with running(process) as url:
        return ask(url, *options)


def test_a_process_that_keeps_the_contract_passes_the_jobs_own_command(renders: Mapping[str, Render]) -> None:
    for render in renders.values():
        (container,) = render.one("Job", "context-api-smoke")["spec"]["template"]["spec"]["containers"]
        command = [sys.executable if word == "python3" else word.replace("/programs", str(SMOKE)) for word in container["command"]]
        with running(good()) as url:
            done = run([*command, *(word.replace("http://context-api:8000", url) for word in container["args"])], {})
        assert done.code == 0, done.said
        assert done.said.splitlines() == [
            "ok      live: GET /health/live is 200",
            "ok      ready: GET /health/ready is 200",
            "ok      metrics: GET /metrics has the 8 metrics of the contract",
            "ok      version: app_info says 1.4.2",
        ]


def without(*lines: str) -> Answer:
    return measured("\n".join(line for line in EXPOSITION.split("\n") if not any(each in line for each in lines)))


def instead(before: str, after: str) -> Answer:
    assert before in EXPOSITION
    return measured(EXPOSITION.replace(before, after))


HTML = Answer("<!doctype html><title>Sign in</title>", content_type="text/html; charset=utf-8")
VIOLATIONS = {
    "dead": ({"live": Answer("{}", 500)}, "live", "GET /health/live is 500: '{}'"),
    "not there": ({"live": Answer('{"detail":"Not Found"}', 404)}, "live", "is 404"),
    "a page for health": ({"live": HTML}, "live", "is 200 with a page of HTML: another program answers"),
    "a page without its type": ({"ready": Answer("\n <html></html>")}, "ready", "page of HTML"),
    "not ready": ({"ready": Answer('{"status":"not ready"}', 503)}, "ready", 'is 503: \'{"status":"not ready"}\''),
    "a list for health": ({"ready": Answer("[{}, 503]")}, "ready", "GET /health/ready is no JSON object: '[{}, 503]'"),
    "deep JSON": ({"ready": Answer("[" * 100_000)}, "ready", "no JSON object"),
    "a redirect": (
        {"ready": Answer("", 307, headers={"Location": "https://login.example.com/"})},
        "ready",
        "redirects to 'https://login.ex",
    ),
    "a redirect to nowhere": ({"live": Answer("", 302)}, "live", "redirects to 'None'"),
    "no HTTP": ({"live": Answer(writes=lambda stream: stream.write(b"SSH-2.0-x\r\n"))}, "live", "no HTTP that can be read: 'SSH-2.0-x"),
    "nothing": ({"live": Answer(writes=lambda _: None)}, "live", "is not answered: Remote end closed"),
    "a broken end": ({"live": Answer("{}", headers={"Content-Length": "99"})}, "live", "breaks off 97 bytes before its end"),
    "endless headers": (
        {"live": Answer(writes=lambda stream: stream.write(HEAD + b"X-A: b\r\n" * 999))},
        "live",
        "no HTTP that can be read: 'got more than",
    ),
    "another alphabet": ({"live": Answer(writes=lambda stream: stream.write(HEAD + b"\r\n\xff\xfe"))}, "live", "no HTTP that can be read"),
    "a slow body": (
        {"ready": Answer(writes=drip(b"{}" * 99, first=HEAD + b"\r\n"))},
        "ready",
        "GET /health/ready has not ended after 0.5 s",
    ),
    "slow headers": ({"ready": Answer(writes=drip(HEAD + b"X: " + b"y" * 99))}, "ready", "has not ended after 0.5 s"),
    "no metrics": ({"metrics": Answer('{"detail":"Not Found"}', 404)}, "metrics", "GET /metrics is 404"),
    "metrics behind a login": ({"metrics": HTML}, "metrics", "page of HTML"),
    "metrics without end": ({"metrics": Answer(writes=flood)}, "metrics", "is longer than 4194304 bytes"),
    "JSON for metrics": ({"metrics": Answer('{"requests": 7}')}, "metrics", "line 1 is no metric: '{\"requests\": 7}'"),
    "a value that is none": ({"metrics": measured(f"{EXPOSITION}x 1,5\n")}, "metrics", "is no metric: 'x 1,5'"),
    "labels that do not end": ({"metrics": measured(f'{EXPOSITION}x{{a="1}} 2\n')}, "metrics", "is no metric"),
    "empty metrics": ({"metrics": measured("")}, "metrics", "app_info is not there; errors_total is not there;"),
    "many faults": ({"metrics": measured("")}, "metrics", "; and 3 more"),
    "a metric is missing": ({"metrics": without("errors_total")}, "metrics", "errors_total is not there"),
    "a metric of another type": (
        {"metrics": instead("http_requests_in_progress gauge", "http_requests_in_progress counter")},
        "metrics",
        "http_requests_in_progress is 'counter', not a gauge",
    ),
    "another label": (
        {"metrics": instead("endpoint=", "path=")},
        "metrics",
        "http_request_duration_seconds has no label endpoint; http_request_size_bytes has no label endpoint;",
    ),
    "another word for status": ({"metrics": instead("status=", "code=")}, "metrics", "http_requests_total has no label status"),
    "a bucket is missing": ({"metrics": without('le="0.5"')}, "metrics", "http_request_duration_seconds has no bucket 0.5"),
    "a metric that nobody writes": ({"metrics": without("http_requests_total{")}, "metrics", "has no series http_requests_total"),
    "a histogram without its sum": ({"metrics": without("seconds_sum")}, "metrics", "has no series http_request_duration_seconds_sum"),
}


@pytest.mark.parametrize(("changed", "name", "words"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_each_violation_is_named(changed: dict[str, Answer], name: str, words: str) -> None:
    done = check(good(**changed), *ONCE)
    assert done.code == 1
    (said,) = (line for line in done.said.splitlines() if line.startswith(f"failed  {name}: "))
    assert words in said
    assert "Traceback" not in done.said
    *_, error, hint = done.said.splitlines()
    assert error.partition(" breaks its contract: ")[2] in {name, f"{name}, version"}  # the version is one of the metrics
    assert hint == "hint:  apps/context-api/CONTRACT.md"


@pytest.mark.parametrize(
    "wanted", ["1.4.2", "v1.4.2", "ghcr.io/x/context-api:v1.4.2", "localhost:5000/x:v1.4.2@sha256:0a", "x:1.4.2@sha256:0a"]
)
def test_the_version_is_a_word_or_the_tag_of_an_image(wanted: str) -> None:
    done = check(good(), *ONCE, "--version", wanted)
    assert done.code == 0, done.said
    assert "ok      version: app_info says 1.4.2" in done.said


@pytest.mark.parametrize("wanted", ["1.4", "v1.5.0", "set-by-images", "ghcr.io/x/context-api", "x@sha256:0a", ""])
def test_another_version_is_named(wanted: str) -> None:
    done = check(good(), *ONCE, "--version", wanted)
    assert done.code == 1
    assert "failed  version: app_info says '1.4.2', not " in done.said


@pytest.mark.parametrize("answer", [without("app_info{"), instead('version="1.4.2"', 'version=""')], ids=["none", "empty"])
def test_a_process_that_does_not_say_its_version_is_named(answer: Answer) -> None:
    done = check(good(metrics=answer), *ONCE, "--version", "v1.4.2")
    assert done.code == 1
    assert "failed  version: app_info says 'none', not v1.4.2" in done.said


def test_without_a_version_it_is_said_and_not_compared() -> None:
    done = check(good(), *ONCE)
    assert done.code == 0
    assert "ok      version: app_info says 1.4.2; compared with nothing" in done.said


def test_the_old_release_may_answer_first() -> None:
    """The Service may lead to a Pod that is about to go: asked again, the new one answers."""
    old = instead('version="1.4.2"', 'version="1.4.1"')
    process = good(metrics=[measured(EXPOSITION), old, old, measured(EXPOSITION)])
    done = check(process, "--version", "v1.4.2", "--pause", "0")
    assert done.code == 0, done.said
    assert process.asked == [LIVE, READY, METRICS, METRICS, METRICS, METRICS]


def test_what_fails_is_asked_again_a_bounded_number_of_times_and_told_once() -> None:
    process = good(ready=[Answer("{}", 503), Answer("{}", 502)])
    done = check(process, "--attempts", "3", "--pause", "0")
    assert done.code == 1
    assert next(line for line in done.said.splitlines() if "ready" in line) == "failed  ready: GET /health/ready is 502: '{}'"
    assert process.asked.count(READY) == 3
    assert process.asked.count(LIVE) == 1


def test_what_nobody_serves_is_named_for_each_check() -> None:
    with running(good()) as url:
        pass
    done = ask(url, *ONCE)
    assert done.code == 1
    assert done.said.count("is not answered: Connection refused") == 4
    assert "breaks its contract: live, ready, metrics, version" in done.said


def test_a_stranger_writes_neither_lines_nor_colours_into_the_log() -> None:
    done = check(good(live=Answer("\x1b[31m\nok      ready: yes\n" + "x" * 9999, 500)), *ONCE)
    (line,) = (line for line in done.said.splitlines() if "live" in line and line.startswith("failed"))
    assert len(line) < 200
    assert "\x1b" not in done.said
    assert sum(line.startswith("ok      ready") for line in done.said.splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["localhost:8000", "https://localhost", "http://", "http://host:port", "http://host/api", "http://a:b@host"]
)
def test_an_address_that_is_none_is_a_wrong_use(url: str) -> None:
    done = ask(url)
    assert done.code == 2
    assert "is no http://HOST:PORT" in done.said


def test_it_ends_long_before_the_job_is_ended(renders: Mapping[str, Render]) -> None:
    """All checks at their slowest, twice, leave time for an image that is new to the node."""
    deadline = renders["prod"].one("Job", "context-api-smoke")["spec"]["activeDeadlineSeconds"]
    defaults = {name: float(number) for name, number in DEFAULT.findall((SMOKE / "contract.py").read_text("utf-8"))}
    longest = defaults["attempts"] * 4 * defaults["timeout"] + (defaults["attempts"] - 1) * defaults["pause"]
    assert longest <= 120  # as CONTRACT.md says
    assert 2 * longest < deadline / 2
