"""How uvicorn is started."""

from __future__ import annotations

import pytest

from bot.policies.uvicorn import (
    UVICORN_POLICIES,
    it_counts_in_one_process,
    it_keeps_connections_longer_than_the_mesh,
    it_listens_where_it_is_asked,
)
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

ARGS = "Deployment context-api spec.template.spec.containers[api].args"
COMMAND = "Deployment context-api spec.template.spec.containers[api].command"
HERE = "spec.template.spec.containers[api].args"
RULE = "DestinationRule context-api spec"


def rule(idle: str, **more: object) -> dict[str, object]:
    return {"host": "context-api", "trafficPolicy": {"connectionPool": {"http": {"idleTimeout": idle}}}, **more}


def shell(command: str) -> list[str]:
    return ["sh", "-c", command]


SUBSET = {"name": "stable", "trafficPolicy": {"connectionPool": {"http": {"idleTimeout": "5s"}}}}
FIELD = "spec.trafficPolicy.connectionPool.http.idleTimeout"
FAILING = (
    Failing(it_listens_where_it_is_asked, ARGS, ["--port=8000"], "--host=0.0.0.0"),
    Failing(it_listens_where_it_is_asked, ARGS, ["--host=0.0.0.0", "--port", "8080"], "port of the container"),
    Failing(it_counts_in_one_process, ARGS, ["--host=0.0.0.0", "--workers=4"], "--workers=1"),
    Failing(it_counts_in_one_process, COMMAND, shell("exec uvicorn a.b:app --host 0.0.0.0 --workers 4"), "--workers=1", field=HERE),
    Failing(it_listens_where_it_is_asked, COMMAND, shell("uvicorn a:app --host '127.0.0.1'; echo"), "--host=0.0.0.0", field=HERE),
    Failing(it_listens_where_it_is_asked, COMMAND, shell("uvicorn a:app --host=0.0.0.0 --port 8001"), "port of the", field=HERE),
    Failing(it_keeps_connections_longer_than_the_mesh, RULE, rule("60s"), "less than 5s", field=FIELD),
    Failing(it_keeps_connections_longer_than_the_mesh, RULE, {"host": "context-api"}, "less than 5s", field=FIELD),
    Failing(
        it_keeps_connections_longer_than_the_mesh,
        RULE,
        rule("4s", subsets=[SUBSET]),
        "less than 5s",
        field="spec.subsets[0].trafficPolicy.connectionPool.http.idleTimeout",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(UVICORN_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(UVICORN_POLICIES)


def test_a_connection_that_the_mesh_ends_first_is_no_fault() -> None:
    assert not [*it_keeps_connections_longer_than_the_mesh(changed(RULE, rule("4s")))]


@pytest.mark.parametrize(
    "command", ["uvicorn a:app --host '0.0.0.0' --port 8000 && true", 'exec python -m uvicorn a:app "$@"', "echo 'uvicorn "]
)
def test_a_shell_that_starts_it_rightly_is_no_fault(command: str) -> None:
    manifests = changed(COMMAND, shell(command))
    assert not [*it_listens_where_it_is_asked(manifests), *it_counts_in_one_process(manifests)]
