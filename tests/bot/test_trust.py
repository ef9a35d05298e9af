"""Whom an environment's connections trust: this machine's authorities, and those of its own file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.adapters.alertmanager import open_alertmanager
from bot.adapters.argocd import open_argocd
from bot.adapters.prometheus import open_prometheus
from bot.model import ArgoCDAddress, BotError, UnobservableError
from tests.bot.test_doctor import self_signed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_an_environments_authorities_are_trusted_by_its_own_connections_alone(tmp_path: Path) -> None:
    """The server answers nothing that is understood: that it is asked at all is what counts."""

    def codes(authorities: str | None) -> list[str]:
        def now() -> datetime:
            return NOON

        looks: list[Callable[[], object]] = [
            open_alertmanager(url, authorization=None, authorities=authorities, timeout=2, now=now).look,
            open_prometheus(url, authorization=None, authorities=authorities, timeout=2, now=now).sample,
            open_argocd(ArgoCDAddress(url, "p", "a"), token="sesame", authorities=authorities, timeout=2).application,
        ]
        found = []
        for look in looks:
            with pytest.raises(UnobservableError) as unseen:
                look()
            found.append(unseen.value.code)
        return found

    with self_signed(tmp_path) as url:
        trusted = codes((tmp_path / "server.pem").read_text().partition("-----END PRIVATE KEY-----\n")[2])
        untrusted = codes(None)
    assert not any(code.endswith("-tls") for code in trusted), trusted
    assert untrusted == ["alertmanager-tls", "prometheus-tls", "argocd-tls"]


def test_authorities_that_are_none_are_refused() -> None:
    with pytest.raises(BotError, match="BOT_CA_FILE_<ENV> holds no certificates"):
        open_alertmanager("https://host", authorization=None, authorities="nothing", timeout=1, now=lambda: NOON)
