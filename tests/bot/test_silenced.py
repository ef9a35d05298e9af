"""A silence, from an Alertmanager to the gate's evidence: through `environment.yaml`, the adapter and the law."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.sandbox.serving import serve

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tests.bot.conftest import Town

FILE = "environments/staging/environment.yaml"


def alertmanager(prometheus: str) -> Starlette:
    """One that was told what a Prometheus knows, where somebody silenced each alert that blocks by its name."""

    def firing() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{prometheus}/api/v1/alerts", trust_env=False).json()["data"]["alerts"]
        return [alert["labels"] for alert in found if alert["labels"].get("promotion_gate") == "block"]

    def alerts(_: Request) -> Response:
        found = ({"labels": each | {"cluster": "eu"}, "status": status(each)} for each in firing())
        return JSONResponse(list(found))

    def status(labels: dict[str, str]) -> dict[str, Any]:
        return {"state": "suppressed", "silencedBy": [labels["alertname"]], "inhibitedBy": []}

    def silences(_: Request) -> Response:
        now = datetime.now(UTC)
        times = {"startsAt": (now - timedelta(days=1)).isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        return JSONResponse(
            [
                {
                    "id": name,
                    "status": {"state": "active"},
                    "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
                    "createdBy": "ada",
                    "comment": "known",
                    **times,
                }
                for name in sorted({labels["alertname"] for labels in firing()})
            ]
        )

    def of_itself(_: Request) -> Response:
        return JSONResponse({"cluster": {"status": "ready"}, "versionInfo": {"version": "0.34.0"}})

    paths = {"/api/v2/alerts": alerts, "/api/v2/silences": silences, "/api/v2/status": of_itself}
    return Starlette(routes=[Route(path, answer) for path, answer in paths.items()])


def test_a_silence_helps_where_policy_says_so_and_is_recorded_where_not(dev_ahead: Town) -> None:
    town = dev_ahead
    server = serve(alertmanager(town.sandbox.monitoring.prometheus["staging"].url))
    town.errors("staging", on=True)
    text = town.git("show", f"main:{FILE}") + f"\nalertmanager: [{server.url}]\n"
    town.push({FILE: text}, "silences are read")
    ignored = town.bot("gate", "dev", "staging")
    recorded = {finding["code"]: finding for finding in ignored.result["gate"]["findings"]}
    assert recorded["alert-firing"]["verdict"] == "FAIL"
    assert recorded["alerts-silenced"]["facts"]["who"] == "ada"
    town.push({FILE: text.replace("  alerts:\n", "  alerts:\n    silences: honour\n")}, "silences count")
    honoured = town.bot("gate", "dev", "staging")
    recorded = {finding["code"]: finding for finding in honoured.result["gate"]["findings"]}
    assert "alert-firing" not in recorded
    assert recorded["alert-silenced"]["facts"]["why"] == "known"
    server.stop()
    unread = town.bot("gate", "dev", "staging")
    assert {"alert-firing", "alertmanager-unreachable"} <= set(unread.codes)
