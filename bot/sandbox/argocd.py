"""A stand-in for Argo CD that follows a bare repository: it renders, syncs and reports as the real one was seen to."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.model import BotError
from bot.observations import PodSeen
from bot.sandbox.argocd_git import Follower
from bot.sandbox.argocd_http import argocd_app
from bot.sandbox.argocd_pods import live_nodes
from bot.sandbox.argocd_state import Application, advance, compare, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from bot.model import Environment
    from bot.ports import Renderer
    from bot.sandbox.argocd_state import Desired

VERSION = "v3.2.11+f6a5e91"
SIDECAR = "docker.io/istio/proxyv2:1.30.0"


def _now() -> datetime:
    return datetime.now(UTC)


class ArgoCDStandIn:
    """One Argo CD for all environments of a repository; a sync takes `duration` seconds."""

    def __init__(
        self,
        git_dir: Path,
        renderer: Renderer,
        *,
        token: str,
        poll: float = 0.3,
        duration: float = 0.2,
        sidecar: str | None = None,
        now: Callable[[], datetime] = _now,
        version: str = VERSION,
    ) -> None:
        self.token, self.version = token, version
        self.repository = git_dir.resolve().as_uri()
        self.sidecar = sidecar  # an image that is injected into every Pod of a workload
        self.duration = duration
        self._follower = Follower(git_dir, renderer)
        self._poll, self.now = poll, now
        self._apps: dict[str, Application] = {}  # by environment
        self._lock = threading.RLock()  # of the Applications
        self._looking = threading.Lock()  # one look at Git at a time; rendering keeps nobody from asking
        self._stopped, self._unfollowed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def app(self) -> Starlette:
        """Serves it."""
        return argocd_app(self)

    def start(self) -> None:
        """Begins to follow the repository."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def stop_following(self) -> None:
        """Looks at Git no more, as when the controller is down."""
        self._unfollowed.set()

    def look(self) -> None:
        """Looks at Git now: compares every Application with main."""
        with self._looking:
            commit = None if self._unfollowed.is_set() else self._follower.head()
            present = self._follower.present(commit) if commit else {}
            for name, environment in present.items():
                known = self._apps.get(name)
                desired = self._follower.desired(str(commit), environment, before=known.desired if known else None)
                with self._lock:
                    self._compare(name, environment, desired)
            with self._lock:  # a folder that is gone: the Application stays as it was, and goes on saying so
                for gone in set(self._apps) - set(present) if commit else ():
                    self._apps[gone].reconciled = self.now()

    def find(self, name: str) -> Application | None:
        """The Application of this name."""
        with self._lock:
            return next((app for app in self._apps.values() if app.environment.argocd.application == name), None)

    def projects(self, token: str) -> set[str]:
        """What a token may see: one that ends in @PROJECT is of that project's role, the plain one of an account."""
        with self._lock:
            every = {app.environment.argocd.project for app in self._apps.values()}
        return every if token == self.token else {name for name in every if token == f"{self.token}@{name}"}

    def malformed(self) -> tuple[str, ...]:
        """What is wrong in environment files on main."""
        return tuple(self._follower.malformed.values())

    def pods(self, environment: str) -> tuple[PodSeen, ...]:
        """The live Pods of an environment."""
        app = self._apps.get(environment)
        if app is None:
            return ()
        with self.held(app):
            nodes = live_nodes(app, self.sidecar)
        return tuple(PodSeen(node.name, node.images, node.health, of_job=node.of_job) for node in nodes if node.kind == "Pod")

    def rendered(self, environment: str) -> tuple[dict[str, Any], ...]:
        """The objects that the last good sync of an environment brought."""
        with self.held(self._apps[environment]):
            return self._apps[environment].live

    def degrade(self, environment: str, *, on: bool) -> None:
        """Its first Pod crashes again and again."""
        self.switch(environment, "degrade", on=on)

    def hang(self, environment: str, *, on: bool) -> None:
        """Syncs that start from now on wait until they are terminated."""
        self.switch(environment, "hang", on=on)

    def drift(self, environment: str, *, on: bool) -> None:
        """Somebody changed the cluster by hand."""
        self.switch(environment, "drift", on=on)

    def jobs(self, environment: str, *, on: bool) -> None:
        """Its Jobs have run, and their Pods are still there."""
        self.switch(environment, "jobs", on=on)

    def switch(self, environment: str, name: str, *, on: bool) -> None:
        """Turns trouble on or off; KeyError when there is no such environment."""
        with self._lock:
            app = self._apps[environment]
            app.switches = app.switches | {name} if on else app.switches - {name}
            settle(app, self.now())

    def wait_until_synced(self, seconds: float = 60) -> None:
        """Waits until every environment runs what main holds; BotError names one that does not."""
        deadline = time.monotonic() + seconds
        self.look()
        while behind := self._behind():
            if time.monotonic() > deadline:
                raise BotError(f"the sandbox's Argo CD did not sync {behind}", "see whether `bot render` works")
            time.sleep(min(self._poll, 0.05))

    def _behind(self) -> str:
        with self._lock:
            for app in self._apps.values():
                advance(app, self.now())
                if (app.sync, app.health, app.in_progress) != ("Synced", "Healthy", False):
                    return f"{app.environment.name}: {app.sync}, {app.health} {app.desired.error}".strip()
            return "" if self._apps else "anything: main has no environments"

    def _compare(self, name: str, environment: Environment, desired: Desired) -> None:
        now = self.now()
        app = self._apps.setdefault(name, Application(environment, desired, created=now, reconciled=now, healthy_since=now))
        app.environment = environment
        advance(app, now)
        compare(app, desired, now=now, seconds=self.duration)

    @contextmanager
    def held(self, app: Application) -> Iterator[datetime]:
        """Holds an Application still, as it is by now; gives the time."""
        with self._lock:
            now = self.now()
            advance(app, now)
            yield now

    def _run(self) -> None:
        while not self._stopped.wait(self._poll):
            with suppress(BotError):  # main may be missing or unreadable for a while; the next look is soon
                self.look()
