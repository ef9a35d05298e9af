"""What comes from environment variables and files beside them; the only module that reads either."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.model import BotError

DEFAULT_AUTHOR = "bot <bot@users.noreply.github.com>"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT_FORGE = "https://api.github.com"
TOKEN = re.compile(r"[!-~]+")
USER_AND_PASSWORD = re.compile(r"[^:\x00-\x1f\x7f]+:[^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Settings:
    """Settings of one run; secrets are read from their files only when a client is built."""

    repository: str | None
    forge_url: str
    forge_token_file: Path | None
    app_id: int | None
    app_key_file: Path | None
    author: str
    cache: Path
    mirrors: dict[str, str]

    def argocd_token(self, environment: str, url: str) -> str | None:
        """The token for an environment's Argo CD, if one is configured for this very host."""
        return _token("ARGOCD", environment, url)

    def prometheus_authorization(self, environment: str, url: str) -> str | None:
        """What proves us to one of an environment's Prometheus replicas, if it is configured for this very host."""
        basic = _basic(f"BOT_PROMETHEUS_BASIC_FILE_{_suffix(environment)}", f"BOT_PROMETHEUS_HOST_{_suffix(environment)}", url)
        return _authorization(_token("PROMETHEUS", environment, url), basic, "PROMETHEUS", environment)

    def alertmanager_authorization(self, environment: str, url: str) -> str | None:
        """The same for one of its Alertmanager replicas."""
        basic = _basic(f"BOT_ALERTMANAGER_BASIC_FILE_{_suffix(environment)}", f"BOT_ALERTMANAGER_HOST_{_suffix(environment)}", url)
        return _authorization(_token("ALERTMANAGER", environment, url), basic, "ALERTMANAGER", environment)

    def authorities(self, environment: str) -> str | None:
        """Whom we trust, besides this machine's authorities, to vouch for an environment's servers; a PEM text."""
        variable = f"BOT_CA_FILE_{_suffix(environment)}"
        path = _path(variable)
        return None if path is None else read_secret(path, variable)

    def forge_token(self) -> str | None:
        """The forge's token."""
        return None if self.forge_token_file is None else read_secret(self.forge_token_file, "BOT_GITHUB_TOKEN_FILE")

    def git_token(self, url: str) -> str | None:
        """The forge's token for Git, if the repository lies on the forge that it is configured for."""
        api, git = urlsplit(self.forge_url), urlsplit(url)
        is_forge = git.netloc in {api.netloc, api.netloc.removeprefix("api.")} and git.scheme == api.scheme  # never http for https
        return self.forge_token() if git.netloc and is_forge else None

    def app_key(self) -> str | None:
        """The GitHub App's private key."""
        return None if self.app_key_file is None else read_secret(self.app_key_file, "BOT_GITHUB_APP_KEY_FILE")


def read_settings() -> Settings:
    """The settings; BotError names a variable that is malformed."""
    app_id = os.environ.get("BOT_GITHUB_APP_ID")
    if app_id is not None and not app_id.isdecimal():
        raise BotError("BOT_GITHUB_APP_ID is not a number", "it stands on the GitHub App's page", usage=True)
    author = os.environ.get("BOT_AUTHOR", DEFAULT_AUTHOR)
    if not re.fullmatch(r"[^<>\n]+ <[^<>\s]+@[^<>\s]+>", author):
        raise BotError("BOT_AUTHOR is malformed", 'write it as "Name <name@example.com>"', usage=True)
    return Settings(
        repository=os.environ.get("BOT_REPO") or None,
        forge_url=os.environ.get("BOT_GITHUB_URL", DEFAULT_FORGE).rstrip("/"),
        forge_token_file=_path("BOT_GITHUB_TOKEN_FILE"),
        app_id=int(app_id) if app_id else None,
        app_key_file=_path("BOT_GITHUB_APP_KEY_FILE"),
        author=author,
        cache=_path("BOT_CACHE") or _default_cache(),
        mirrors=_mirrors(os.environ.get("BOT_REGISTRY_MIRRORS", "")),
    )


def read_secret(path: Path, variable: str) -> str:
    """A secret's text without its final newline; BotError names the variable, never the text."""
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BotError(f"{variable}: cannot read {path}", "it must be a readable text file") from error
    if not text:
        raise BotError(f"{variable}: {path} is empty", "put the token into it")
    return text


def _default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("gitops-bot")


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser() if value else None


def _token(service: str, environment: str, url: str) -> str | None:
    """A token, for a host that is configured beside it."""
    variable = f"BOT_{service}_TOKEN_FILE_{_suffix(environment)}"
    token = _secret_for(variable, f"BOT_{service}_HOST_{_suffix(environment)}", url)
    if token is not None and not TOKEN.fullmatch(token):  # a header with more in it would be repeated in an error
        raise BotError(f"{variable}: the file holds more than a token", "put the token alone into it: no spaces, no further lines")
    return token


def _basic(variable: str, beside: str, url: str) -> str | None:
    """A user and a password, for a host that is configured beside them."""
    pair = _secret_for(variable, beside, url)
    if pair is not None and not USER_AND_PASSWORD.fullmatch(pair):
        raise BotError(f"{variable}: the file does not hold one user:password", "write it so, on one line")
    return pair


def _authorization(token: str | None, basic: str | None, service: str, environment: str) -> str | None:
    """The header that a request carries."""
    if token is not None and basic is not None:
        both = " and ".join(f"BOT_{service}_{kind}_FILE_{_suffix(environment)}" for kind in ("TOKEN", "BASIC"))
        raise BotError(f"{both} are both set", "a request carries one credential: unset the other")
    if token is not None:
        return f"Bearer {token}"
    return None if basic is None else f"Basic {base64.b64encode(basic.encode()).decode()}"


def _secret_for(variable: str, beside: str, url: str) -> str | None:
    """A secret goes only to a host that is configured beside it: what Git names alone must not receive it."""
    path = _path(variable)
    if path is None:
        return None
    listed = {entry.strip().rstrip("/") for entry in os.environ.get(beside, "").split(",")}
    parts = urlsplit(url)
    secret_on_the_way = parts.scheme == "https" or parts.hostname in LOOPBACK
    written = parts.netloc if secret_on_the_way else f"{parts.scheme}://{parts.netloc}"
    if not parts.netloc or written not in listed:
        raise BotError(
            f"{beside} does not list {written}, so the secret of {variable} is not sent there", f"if it is right, set {beside}={written}"
        )
    return read_secret(path, variable)


def _suffix(environment: str) -> str:
    return environment.upper().replace("-", "_")


def _mirrors(text: str) -> dict[str, str]:
    pairs = [pair.strip() for pair in text.split(",") if pair.strip()]
    for pair in pairs:
        if not re.fullmatch(r"[^=\s]+=https?://[^\s=]+", pair):
            raise BotError(f"BOT_REGISTRY_MIRRORS: {pair!r} is malformed", "write host=url,host=url", usage=True)
    return dict(pair.split("=", 1) for pair in pairs)
