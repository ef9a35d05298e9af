"""Settings: what environment variables say, and that no secret goes where it should not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.model import BotError
from bot.settings import DEFAULT_AUTHOR, read_secret, read_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BOT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("s3cret\n")
    return tmp_path / "token"


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings = read_settings()
    assert (settings.repository, settings.forge_url, settings.author) == (None, "https://api.github.com", DEFAULT_AUTHOR)
    assert (settings.forge_token(), settings.app_id, settings.app_key(), settings.mirrors) == (None, None, None, {})
    assert settings.argocd_token("prod", "https://argocd.example.com") is None


def test_everything_can_be_set(monkeypatch: pytest.MonkeyPatch, token_file: Path) -> None:
    values = {
        "BOT_REPO": "https://host.example/owner/name.git",
        "BOT_GITHUB_URL": "https://host.example/api/v3/",
        "BOT_GITHUB_TOKEN_FILE": str(token_file),
        "BOT_GITHUB_APP_ID": "12",
        "BOT_GITHUB_APP_KEY_FILE": str(token_file),
        "BOT_AUTHOR": "Release Bot <bot@example.com>",
        "BOT_CACHE": "~/elsewhere",
        "BOT_REGISTRY_MIRRORS": "ghcr.io=http://127.0.0.1:5000, docker.io=https://mirror.example/hub,",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.repository, settings.forge_url) == ("https://host.example/owner/name.git", "https://host.example/api/v3")
    assert (settings.forge_token(), settings.app_id, settings.app_key()) == ("s3cret", 12, "s3cret")
    assert (settings.author, settings.cache) == ("Release Bot <bot@example.com>", Path.home() / "elsewhere")
    assert settings.mirrors == {"ghcr.io": "http://127.0.0.1:5000", "docker.io": "https://mirror.example/hub"}
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_GITHUB_APP_ID", "twelve"),
        ("BOT_GITHUB_APP_ID", "-1"),
        ("BOT_GITHUB_APP_ID", "\u00b2"),
        ("BOT_GITHUB_APP_ID", ""),
        ("BOT_AUTHOR", "bot"),
        ("BOT_AUTHOR", "bot <bot>"),
        ("BOT_AUTHOR", "bot <bot@example.com>\nx"),
        ("BOT_AUTHOR", "<bot@example.com>"),
        ("BOT_REGISTRY_MIRRORS", "ghcr.io"),
        ("BOT_REGISTRY_MIRRORS", "ghcr.io=127.0.0.1:5000"),
        ("BOT_REGISTRY_MIRRORS", "ghcr.io=ftp://host"),
        ("BOT_REGISTRY_MIRRORS", "a=http://b=c"),
    ],
)
def test_a_malformed_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BotError, match=name) as refused:
        read_settings()
    assert refused.value.usage


@pytest.mark.parametrize(
    ("forge", "repository", "sent"),
    [
        (None, "https://github.com/owner/name.git", True),
        (None, "https://api.github.com/owner/name.git", True),
        (None, "https://github.com.evil.example/owner/name.git", False),
        (None, "https://evil.example/github.com/name.git", False),
        (None, "http://github.com/owner/name.git", False),
        (None, "https://github.com:8443/owner/name.git", False),
        (None, "git@github.com:owner/name.git", False),
        (None, "/srv/git/name.git", False),
        ("https://host.example/api/v3", "https://host.example/owner/name.git", True),
        ("https://host.example/api/v3", "https://github.com/owner/name.git", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/owner/name.git", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8001/owner/name.git", False),
    ],
)
def test_the_forges_token_goes_to_the_forge_alone(
    monkeypatch: pytest.MonkeyPatch, token_file: Path, forge: str | None, repository: str, *, sent: bool
) -> None:
    monkeypatch.setenv("BOT_GITHUB_TOKEN_FILE", str(token_file))
    if forge:
        monkeypatch.setenv("BOT_GITHUB_URL", forge)
    assert read_settings().git_token(repository) == ("s3cret" if sent else None)


@pytest.mark.parametrize("service", ["ARGOCD", "PROMETHEUS"])
def test_an_environments_token_goes_to_the_hosts_beside_it_alone(monkeypatch: pytest.MonkeyPatch, token_file: Path, service: str) -> None:
    monkeypatch.setenv(f"BOT_{service}_TOKEN_FILE_PROD_EU", str(token_file))
    monkeypatch.setenv(f"BOT_{service}_HOST_PROD_EU", "one.example, two.example:8443")
    settings = read_settings()
    token = settings.argocd_token if service == "ARGOCD" else settings.prometheus_token
    assert token("prod-eu", "https://one.example/prefix") == "s3cret"
    assert token("prod-eu", "https://two.example:8443") == "s3cret"
    assert token("staging", "https://one.example") is None
    for url in (
        "one.example",
        "https://evil.example",
        "https://two.example",
        "https://one.example.evil",
        "https://one.example@evil.example",
    ):
        with pytest.raises(BotError, match=f"BOT_{service}_HOST_PROD_EU does not list") as refused:
            token("prod-eu", url)
        assert "s3cret" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("url", ["https://argocd.example", "argocd.example", ""])
def test_a_token_without_a_host_beside_it_goes_nowhere(monkeypatch: pytest.MonkeyPatch, token_file: Path, url: str) -> None:
    monkeypatch.setenv("BOT_ARGOCD_TOKEN_FILE_PROD", str(token_file))
    with pytest.raises(BotError, match="BOT_ARGOCD_HOST_PROD does not list"):
        read_settings().argocd_token("prod", url)


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"], ids=["missing", "empty", "blank", "not text"])
def test_a_secret_that_cannot_be_read_is_named_by_its_variable(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(BotError, match=r"^BOT_X: "):
        read_secret(tmp_path / "token", "BOT_X")


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(BotError, match=r"^BOT_X: cannot read"):
        read_secret(tmp_path, "BOT_X")
