"""Building the outside from settings: the only place where clients are made."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.model import BotError
from bot.ports import World
from bot.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from bot.model import Environment
    from bot.policies.manifests import Inspector
    from bot.ports import Alertmanager, ArgoCD, Checkout, Forge, Origin, Progress, Prometheus, Registry, Renderer
    from bot.settings import Settings
    from bot.setup import Program

SECONDS = 15.0  # for one request


def build_checkout(folder: Path) -> Checkout:
    """The checkout that a folder lies in."""
    from bot.adapters.git_checkout import open_checkout

    return open_checkout(folder, read_settings().author)


@cache
def build_renderer() -> Renderer:
    """Kustomize; one for the process, since it remembers what it rendered."""
    from bot.adapters.render import open_renderer

    return open_renderer()


def build_inspectors() -> tuple[Inspector, ...]:
    """What others say of rendered objects: the schemas of their kinds, and promtool."""
    from bot.adapters.promtool import rule_problems
    from bot.adapters.schemas import schema_problems, supported_versions

    return (partial(schema_problems, kubernetes=supported_versions()), rule_problems)


def build_world(*, repo: str | None, progress: Progress) -> World:
    """Everything that commands on origin use; BotError names what is not configured."""
    settings = read_settings()
    url = repo or settings.repository or _checkout_origin()
    return World(
        origin=_origin(settings, url),
        forge=_forge(settings, url),
        argocd=_argocd(settings),
        prometheus=_prometheus(settings),
        alertmanager=_alertmanager(settings),
        registry=_registry(settings),
        renderer=build_renderer(),
        programs=_programs,
        progress=progress,
        now=_now,
        sleep=_sleep,
        author=settings.author,
    )


def _checkout_origin() -> str:
    from bot.adapters.git_checkout import origin_url

    return origin_url(Path.cwd())


def _origin(settings: Settings, url: str) -> Origin:
    from bot.adapters.git_origin import open_origin

    return open_origin(url, settings.cache, token=settings.git_token(url), author=settings.author)


def _forge(settings: Settings, url: str) -> Forge:
    from bot.adapters.github import open_forge

    key = settings.app_key()
    token = None if key else settings.forge_token()
    if token is None and (key is None or settings.app_id is None):
        hint = "set BOT_GITHUB_TOKEN_FILE, or BOT_GITHUB_APP_ID and BOT_GITHUB_APP_KEY_FILE"
        raise BotError("no credential for the forge is configured", hint)
    return open_forge(settings.forge_url, repository_name(url), token=token, app_id=settings.app_id, app_key=key, timeout=SECONDS)


def repository_name(url: str) -> str:
    """`owner/name` of a repository's address; BotError when it has none."""
    path = urlsplit(url).path if "://" in url else url.rpartition(":")[2]
    parts = [part for part in path.removesuffix("/").removesuffix(".git").split("/") if part]
    if len(parts) < 2:  # noqa: PLR2004 - owner and name
        raise BotError(f"{url} does not name a repository of a forge", "its address ends in OWNER/NAME; see --repo")
    return "/".join(parts[-2:])


def _argocd(settings: Settings) -> Callable[[Environment], ArgoCD]:
    def build(environment: Environment) -> ArgoCD:
        from bot.adapters.argocd import open_argocd

        token = settings.argocd_token(environment.name, environment.argocd.url)
        return open_argocd(environment.argocd, token=token, authorities=settings.authorities(environment.name), timeout=SECONDS)

    return build


def _prometheus(settings: Settings) -> Callable[[Environment], tuple[Prometheus, ...]]:
    def build(environment: Environment) -> tuple[Prometheus, ...]:
        from bot.adapters.prometheus import open_prometheus

        authorities = settings.authorities(environment.name)
        proofs = ((url, settings.prometheus_authorization(environment.name, url)) for url in environment.prometheus)
        return tuple(open_prometheus(url, authorization=proof, authorities=authorities, timeout=SECONDS, now=_now) for url, proof in proofs)

    return build


def _alertmanager(settings: Settings) -> Callable[[Environment], tuple[Alertmanager, ...]]:
    def build(environment: Environment) -> tuple[Alertmanager, ...]:
        from bot.adapters.alertmanager import open_alertmanager

        authorities = settings.authorities(environment.name)
        proofs = ((url, settings.alertmanager_authorization(environment.name, url)) for url in environment.alertmanager)
        return tuple(
            open_alertmanager(url, authorization=proof, authorities=authorities, timeout=SECONDS, now=_now) for url, proof in proofs
        )

    return build


def _registry(settings: Settings) -> Registry:
    from bot.adapters.registry import open_registry

    return open_registry(mirrors=settings.mirrors, timeout=SECONDS)


def _programs() -> tuple[Program, ...]:
    from bot.adapters import git_command, render

    return (git_command.program(), render.program())


def _now() -> datetime:
    return datetime.now(UTC)


def _sleep(length: timedelta) -> None:
    time.sleep(length.total_seconds())
