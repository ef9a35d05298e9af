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


@pytest.mark.parametrize("service", ["ARGOCD", "PROMETHEUS", "ALERTMANAGER"])
def test_an_environments_token_goes_to_the_hosts_beside_it_alone(monkeypatch: pytest.MonkeyPatch, token_file: Path, service: str) -> None:
    monkeypatch.setenv(f"BOT_{service}_TOKEN_FILE_PROD_EU", str(token_file))
    monkeypatch.setenv(f"BOT_{service}_HOST_PROD_EU", "one.example, two.example:8443")
    settings = read_settings()
    token, expected = {
        "ARGOCD": (settings.argocd_token, "s3cret"),
        "PROMETHEUS": (settings.prometheus_authorization, "Bearer s3cret"),
        "ALERTMANAGER": (settings.alertmanager_authorization, "Bearer s3cret"),
    }[service]
    assert token("prod-eu", "https://one.example/prefix") == expected
    assert token("prod-eu", "https://two.example:8443") == expected
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


@pytest.mark.parametrize("service", ["PROMETHEUS", "ALERTMANAGER"])
def test_a_user_and_a_password_go_to_the_hosts_beside_them_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: str) -> None:
    (tmp_path / "basic").write_text("ada:s3cret:\u00e4\n")
    monkeypatch.setenv(f"BOT_{service}_BASIC_FILE_PROD", str(tmp_path / "basic"))
    monkeypatch.setenv(f"BOT_{service}_HOST_PROD", "one.example")
    settings = read_settings()
    proof = settings.prometheus_authorization if service == "PROMETHEUS" else settings.alertmanager_authorization
    other = settings.alertmanager_authorization if service == "PROMETHEUS" else settings.prometheus_authorization
    assert proof("prod", "https://one.example") == "Basic YWRhOnMzY3JldDrDpA=="
    assert (proof("dev", "https://one.example"), other("prod", "https://one.example")) == (None, None)
    for url in ("https://evil.example", "http://one.example"):
        with pytest.raises(BotError, match=f"BOT_{service}_HOST_PROD does not list"):
            proof("prod", url)


def test_two_credentials_for_one_server_are_refused(monkeypatch: pytest.MonkeyPatch, token_file: Path, tmp_path: Path) -> None:
    (tmp_path / "basic").write_text("ada:s3cret")
    monkeypatch.setenv("BOT_PROMETHEUS_TOKEN_FILE_PROD", str(token_file))
    monkeypatch.setenv("BOT_PROMETHEUS_BASIC_FILE_PROD", str(tmp_path / "basic"))
    monkeypatch.setenv("BOT_PROMETHEUS_HOST_PROD", "one.example")
    both = "BOT_PROMETHEUS_TOKEN_FILE_PROD and BOT_PROMETHEUS_BASIC_FILE_PROD are both set"
    with pytest.raises(BotError, match=both):
        read_settings().prometheus_authorization("prod", "https://one.example")


NOT_ONE = [("TOKEN", "s3cret\nX-Other: 1"), ("TOKEN", "ada s3cret"), ("TOKEN", "s3cr\u00e9t")]
NO_PAIR = [("BASIC", "s3cret"), ("BASIC", ":s3cret"), ("BASIC", "ada:s3\ncret")]


@pytest.mark.parametrize(("kind", "content"), NOT_ONE + NO_PAIR)
def test_a_file_that_holds_something_else_is_not_sent_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, content: str
) -> None:
    (tmp_path / "secret").write_text(content)
    monkeypatch.setenv(f"BOT_ALERTMANAGER_{kind}_FILE_PROD", str(tmp_path / "secret"))
    monkeypatch.setenv("BOT_ALERTMANAGER_HOST_PROD", "one.example")
    with pytest.raises(BotError, match=f"^BOT_ALERTMANAGER_{kind}_FILE_PROD: the file ") as refused:
        read_settings().alertmanager_authorization("prod", "https://one.example")
    assert not any(word in refused.value.message + refused.value.hint for word in ("s3", "ada"))


def test_authorities_are_an_environments_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("PEM")
    monkeypatch.setenv("BOT_CA_FILE_PROD", str(tmp_path / "ca.pem"))
    assert (read_settings().authorities("prod"), read_settings().authorities("dev")) == ("PEM", None)
    monkeypatch.setenv("BOT_CA_FILE_PROD", str(tmp_path / "gone.pem"))
    with pytest.raises(BotError, match=r"^BOT_CA_FILE_PROD: cannot read"):
        read_settings().authorities("prod")
