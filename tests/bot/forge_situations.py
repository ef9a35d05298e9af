"""The forge stand-in on real repositories, served on loopback, with the adapter and people on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from starlette.concurrency import run_in_threadpool

from bot.adapters.github import open_forge
from bot.sandbox.forge import forge_app
from bot.sandbox.forge_state import App, Forge
from bot.sandbox.people import Person
from bot.sandbox.serving import serve
from tests.bot.repositories import git, make_repositories

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from bot import ports
    from bot.sandbox.serving import Server
    from tests.bot.repositories import Repositories

OWNER, NAME = "acme", "stack"
REPOSITORY = f"{OWNER}/{NAME}"
TOKEN, ADA, BEN = "secret-of-bot-1", "secret-of-ada-2", "secret-of-ben-3"
APP_ID, SLUG = 4711, "promoter"
MARKER = "<!-- bot -->"


@dataclass
class Meanwhile:
    """An app in front of which something happens once, just before a request."""

    app: ASGIApp
    planned: dict[tuple[str, str], Callable[[], object]] = field(default_factory=dict)

    def before(self, method: str, path: str, action: Callable[[], object]) -> None:
        self.planned[method, path] = action

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        action = self.planned.pop((scope["method"], scope["path"]), None)
        if action:
            await run_in_threadpool(action)
        await self.app(scope, receive, send)


@dataclass
class Situation:
    """A served forge whose repository has a main."""

    repositories: Repositories
    state: Forge
    server: Server
    meanwhile: Meanwhile
    main: str

    @property
    def api(self) -> str:
        return f"{self.server.url}/api/v3"

    @property
    def ada(self) -> Person:
        return Person(self.server.url, REPOSITORY, ADA)

    @property
    def ben(self) -> Person:
        return Person(self.server.url, REPOSITORY, BEN)

    @property
    def bot(self) -> Person:
        return Person(self.server.url, REPOSITORY, TOKEN)

    def forge(self, token: str | None = TOKEN, *, app_key: str | None = None, timeout: float = 20, name: str = REPOSITORY) -> ports.Forge:
        app_id = APP_ID if app_key else None
        return open_forge(self.api, name, token=None if app_key else token, app_id=app_id, app_key=app_key, timeout=timeout)

    def branch(self, name: str, content: str = "changed\n", *, path: str = "file.txt") -> str:
        """A branch with one commit on top of main as it is now."""
        work = self.repositories.work
        git(work, "fetch", "-q", "origin")
        git(work, "checkout", "-q", "-B", "main", "origin/main")
        commit = self.repositories.commit({path: content}, f"{name} changes {path}", branch=name)
        git(work, "checkout", "-q", "main")
        return commit

    def push(self, branch: str, content: str = "newer\n") -> str:
        """One more commit on a branch."""
        git(self.repositories.work, "checkout", "-q", branch)
        return self.repositories.commit({"file.txt": content}, branch=branch)

    def branches(self, count: int) -> None:
        """Many branches, by plain refs."""
        commits = [git(self.repositories.bare, "commit-tree", "main^{tree}", "-p", "main", "-m", f"{number}") for number in range(count)]
        for number, commit in enumerate(commits):
            git(self.repositories.bare, "update-ref", f"refs/heads/topic-{number:03}", commit)

    def fork(self, owner: str, branch: str) -> str:
        """Somebody's fork, with one commit of its own on a branch."""
        bare = self.repositories.bare.parent / f"{owner}.git"
        git(self.repositories.bare.parent, "clone", "-q", "--bare", str(self.repositories.bare), str(bare))
        commit = git(bare, "commit-tree", "main^{tree}", "-p", "main", "-m", "theirs")
        git(bare, "update-ref", f"refs/heads/{branch}", commit)
        self.state.forks[owner] = bare
        return commit

    def writes(self, action: Callable[[], object]) -> int:
        """How many writing requests something makes."""
        before = self.server.observed.writes()
        action()
        return self.server.observed.writes() - before


def start(folder: Path, *, wrapped: Callable[[ASGIApp], ASGIApp] = lambda app: app, public_key: str | None = None) -> Situation:
    """A forge with a bot, Ada of the platform team, and Ben."""
    repositories = make_repositories(folder)
    main = repositories.commit({"file.txt": "first\n", "other.txt": "first\n"}, "first")
    users = {TOKEN: "context-bot", ADA: "ada", BEN: "ben"}
    apps = (App(APP_ID, SLUG, public_key),) if public_key else ()
    state = Forge(repositories.bare, OWNER, NAME, users=users, teams={f"{OWNER}/platform": {"ada"}}, apps=apps)
    meanwhile = Meanwhile(wrapped(forge_app(state)))
    return Situation(repositories, state, serve(meanwhile), meanwhile, main)


def key_pair() -> tuple[str, str]:
    """A private and its public RSA key, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private.decode(), key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
