"""The demo's steps: each runs `bot` as a person would, and fails when what it says is not so."""

from __future__ import annotations

import sys
from contextlib import chdir
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.cli.app import run
from bot.cli.command import DONE, REFUSED
from bot.model import MAIN, BotError
from bot.sandbox.running import NEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.running import Sandbox

APP, OLD = "context-api", "v1.4.2"


@dataclass
class Stage:
    """The sandbox, and what the story has shown so far."""

    sandbox: Sandbox
    shown: list[str] = field(default_factory=list)

    def bot(self, *words: str, code: int = DONE) -> None:
        """Runs one command; the demo fails when its exit code is another."""
        say(f"$ bot {' '.join(words)}", style="36")
        found = run(words)
        self.check(found == code, f"`bot {' '.join(words)}` exits with {code}, not {found}")

    def check(self, so: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Ends the demo when something is not so."""
        if not so:
            raise BotError(f"this should be so and is not: {what}", "run `make test`; is the repository changed?")

    def proved(self, so: bool, what: str) -> None:  # noqa: FBT001 - as above
        """The same, and says so; it goes into the summary."""
        self.check(so, what)
        self.shown.append(what)
        say(f"✔ {what}", style="32")

    def tree(self, path: str, commit: str = MAIN) -> str:
        """What `git rev-parse` says of a path."""
        return self.sandbox.objects.git.text("rev-parse", f"{commit}:{path}")

    def open_pull(self, branch: str) -> int | None:
        """The number of a branch's open pull request."""
        pulls = self.sandbox.forge.pulls.values()
        return next((pull.number for pull in pulls if pull.branch == branch and pull.state == "open"), None)

    def pull(self, branch: str) -> int:
        """The same, which must be there."""
        found = self.open_pull(branch)
        if found is None:
            raise BotError(f"there is no open pull request of {branch}", "see the steps above")
        return found

    def errors(self, environment: str, *, on: bool) -> None:
        """Has the environment's API answer half of its requests with 500, or no longer."""
        self.sandbox.monitoring.exporter.switch(environment, "errors", on=on)
        self.sandbox.monitoring.wait_for_alerts(environment, firing=on)


def say(text: str, *, style: str = "") -> None:
    """One line of the story; in colour on a terminal."""
    sys.stdout.flush()
    sys.stdout.write(f"\033[{style}m{text}\033[0m\n" if style and sys.stdout.isatty() else f"{text}\n")
    sys.stdout.flush()


def look_around(stage: Stage) -> None:
    """Three environments run the same release."""
    stage.bot("status")


def bump(stage: Stage) -> None:
    """The registry has a new image: one scalar changes in apps/, Ada merges, and dev alone runs it."""
    before = {name: stage.tree(f"environments/{name}") for name in ("staging", "prod")}
    stage.bot("bump", APP, NEXT)
    stage.sandbox.ada.merge(stage.pull(f"bump.{APP}"))
    stage.bot("sync", "dev")
    after = {name: stage.tree(f"environments/{name}") for name in ("staging", "prod")}
    stage.proved(before == after, "a merged bump reaches dev and nothing else")


def to_staging(stage: Stage) -> None:
    """What dev was seen to run goes to staging; the gate lets the pull request wait for the soak."""
    stage.bot("promote", "dev", "staging")
    stage.bot("merge", str(stage.pull("promote.staging")), "--wait")
    stage.bot("sync", "staging")
    same = stage.tree(f"environments/staging/release/{APP}") == stage.tree(f"apps/{APP}")
    stage.proved(same, "staging holds the very tree that dev ran")


def stopped(stage: Stage) -> None:
    """An alert fires in staging: the promotion to prod is refused, and nothing is written."""
    stage.errors("staging", on=True)
    stage.bot("promote", "staging", "prod", code=REFUSED)
    branch = stage.sandbox.objects.git.text("branch", "--list", "promote.prod")
    stage.proved(not branch and stage.open_pull("promote.prod") is None, "a firing alert refuses the promotion: no branch, no pull request")
    stage.errors("staging", on=False)


def to_prod(stage: Stage) -> None:
    """The alert is over: pull request, soak, Ada's approval, a fresh verdict, merge, live in prod."""
    stage.bot("promote", "staging", "prod")
    number = stage.pull("promote.prod")
    stage.bot("merge", str(number), code=REFUSED)
    stage.check(stage.open_pull("promote.prod") == number, "nothing merges without an approval")
    stage.sandbox.ada.approve(number)
    stage.bot("merge", str(number), "--wait")
    stage.bot("sync", "prod")
    release = f"release/{APP}"
    same = stage.tree(f"environments/prod/{release}") == stage.tree(f"environments/staging/{release}")
    stage.proved(same, "prod holds the very tree that staging ran")
    with chdir(stage.sandbox.ada.clone(stage.sandbox.folder / "ada")):
        stage.bot("trace", "prod", APP)


def breaks(stage: Stage) -> None:
    """The release breaks prod: verify sees it and says so on the commit that brought it."""
    stage.errors("prod", on=True)
    stage.bot("verify", "prod", code=REFUSED)
    statuses = [status for found in stage.sandbox.forge.statuses.values() for status in found]
    failed = any(status.context == "promotion/verified/prod" and status.state == "failure" for status in statuses)
    stage.proved(failed, "verify fails in prod, and the commit that brought the release says so")


def rolled_back(stage: Stage) -> None:
    """Rollback: the tree from before comes back on top of main, the databases are left alone."""
    databases = {app: stage.tree(f"environments/prod/release/{app}") for app in ("qdrant", "neo4j")}
    bad = stage.tree(f"environments/prod/release/{APP}")
    stage.bot("rollback", "prod", APP, "--reason", "answers 500 since v1.5.0")
    stage.sandbox.monitoring.exporter.switch("prod", "errors", on=False)  # the older version is well
    stage.bot("sync", "prod")
    after = {app: stage.tree(f"environments/prod/release/{app}") for app in databases}
    images = stage.sandbox.objects.git.text("show", f"{MAIN}:environments/prod/release/{APP}/images/kustomization.yaml")
    back = OLD in images and stage.tree(f"environments/prod/release/{APP}") != bad
    stage.proved(back and after == databases, f"prod runs {OLD} again; Qdrant and Neo4j were not touched")


def refused(stage: Stage) -> None:
    """Rollback that sticks: the bad release is quarantined, so promoting it again is refused."""
    stage.sandbox.monitoring.wait_for_alerts("prod", firing=False)
    stage.bot("promote", "staging", "prod", code=REFUSED)
    stage.proved(stage.open_pull("promote.prod") is None, "the quarantined release is not promoted again")
    stage.bot("status")


TELLING: tuple[Callable[[Stage], None], ...] = (look_around, bump, to_staging, stopped, to_prod, breaks, rolled_back, refused)
