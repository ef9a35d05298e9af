"""The sandbox as people start it, with monitoring of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.start import start_sandbox
from tests.bot.conftest import ROOT, Quiet, Town

if TYPE_CHECKING:
    import pytest

    from bot.ports import Renderer
    from bot.sandbox.origin import Prepared


def test_a_fresh_sandbox_is_not_blamed_for_its_start(
    origin: Prepared, renderer: Renderer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Prometheus knows its targets after five seconds; until then alerts say that they are down."""
    with start_sandbox(ROOT, progress=Quiet(), renderer=renderer, origin=origin) as sandbox:
        for name, value in sandbox.variables().items():
            monkeypatch.setenv(name, value)
        verified = Town(sandbox, capsys).bot("verify", "staging")
        assert (verified.code, verified.outcome in {"pending", "success"}) == (0, True), verified.result["gate"]["findings"]
        assert "alert-fired" not in verified.codes
