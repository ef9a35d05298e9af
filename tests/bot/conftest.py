"""The sandbox as the tests' world: one Prometheus for each environment in a session, everything else new for each test."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.adapters.git_checkout import open_checkout
from bot.adapters.prometheus import open_prometheus
from bot.adapters.render import open_renderer
from bot.cli.app import run
from bot.images_file import parse_images, write_images
from bot.model import Origin
from bot.ports import FOLDER, Entry
from bot.promotion import next_record
from bot.releases import record_text
from bot.sandbox.forge_git import merge_commit
from bot.sandbox.monitoring import Monitoring, start_monitoring, wait_for
from bot.sandbox.origin import AUTHOR, Pace, Prepared
from bot.sandbox.origin import prepared as prepared_origin
from bot.sandbox.start import start_sandbox
from bot.workflows.observe import runs_at
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack
from tests.bot.repositories import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.adapters.git_objects import GitObjects
    from bot.ports import Renderer
    from bot.sandbox.running import Sandbox

ROOT = Path(__file__).resolve().parents[2]
PACE = Pace(soak=timedelta(seconds=2), samples=1, watch=timedelta(seconds=2))
APP = "context-api"
NEW = "v1.5.0"


class Quiet:
    """Progress that nobody reads."""

    def say(self, text: str) -> None:
        """Says nothing."""


@dataclass
class Answered:
    """What a command did: its exit code, its JSON, and what it said on stderr."""

    code: int
    document: dict[str, Any]
    stderr: str

    @property
    def outcome(self) -> str:
        return str(self.document["outcome"])

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["result"]
        return found

    @property
    def pull(self) -> dict[str, Any]:
        """The pull request that it opened or kept."""
        found: dict[str, Any] | None = self.result["pull_request"]
        assert found, (self.outcome, self.document["result"].get("gate"))
        return found

    @property
    def codes(self) -> set[str]:
        """The reason codes that keep the gate from passing."""
        return {finding["code"] for finding in self.result["gate"]["findings"] if finding["verdict"] != "PASS"}


class Bot:
    """`bot` as programs and people run it, in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self.capture = capture

    def bot(self, *words: str) -> Answered:
        """Runs `bot … --json`."""
        self.capture.readouterr()
        code = run([*words, "--json"])
        printed = self.capture.readouterr()
        assert printed.out.count("\n") == 1, printed
        return Answered(code, json.loads(printed.out), printed.err)

    def say(self, *words: str) -> tuple[int, str, str]:
        """Runs `bot …` for people."""
        self.capture.readouterr()
        code = run(words)
        printed = self.capture.readouterr()
        return code, printed.out, printed.err


class Town(Bot):
    """A sandbox with the people in it, and `bot` as they use it."""

    def __init__(self, sandbox: Sandbox, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__(capture)
        self.sandbox = sandbox

    def git(self, *words: str) -> str:
        """Plain git in the repository that everybody pushes to."""
        return self.sandbox.objects.git.text(*words)

    def tree(self, path: str, commit: str = "main") -> str:
        return self.git("rev-parse", f"{commit}:{path}")

    def render(self, environment: str) -> str:
        """What kustomize makes of an environment on main."""
        found = read_stack(self.sandbox.objects, self.git("rev-parse", "main")).environment(environment)
        return render_at(self.sandbox.objects, open_renderer(), commit="main", environment=found).text

    def clone(self) -> Path:
        """A person's working clone."""
        return self.sandbox.ada.clone(self.sandbox.folder / "ada")

    def push(self, files: dict[str, str | None], subject: str = "change", *, branch: str = "main") -> str:
        """A person's commit."""
        return self.sandbox.ada.push(self.clone(), files, subject, branch=branch)

    def opened(self, branch: str) -> int:
        """The pull request that Ben opens of a branch."""
        pull = self.sandbox.ben.call("POST", "/pulls", {"title": branch, "head": branch, "base": "main", "body": ""})
        return int(pull["number"])

    def proposed(self, files: dict[str, str | None], branch: str = "theirs") -> int:
        """Ben's pull request of these files, made from main as it is."""
        self.push({}, "start")
        self.git("branch", "-f", branch, "main")
        self.push(files, "a change", branch=branch)
        return self.opened(branch)

    def merge_commit(self, tree: str, *parents: str) -> str:
        """A commit of a tree, as the forge makes them."""
        return merge_commit(self.sandbox.objects.git.folder, parents=parents, tree=tree, login="forge", message="Merge")

    def open_pulls(self) -> dict[str, int]:
        return {pull.branch: pull.number for pull in self.sandbox.forge.pulls.values() if pull.state == "open"}

    def writes(self) -> int:
        """How often anything was written to the forge, Git included (a push is one POST beside its negotiation)."""
        server = self.sandbox.forge_server.observed
        return sum(call.method != "GET" and not call.path.endswith("git-upload-pack") for call in server.calls)

    def new_release(self, tag: str = NEW, environment: str = "dev") -> None:
        """A new image of the API that dev runs."""
        self.sandbox.registry.push(f"ghcr.io/dpdpdpdp0987/{APP}", tag)
        bumped = self.bot("bump", APP, tag)
        self.sandbox.ada.merge(bumped.pull["number"])
        assert self.bot("sync", environment).code == 0
        self.wait_until_synced()

    def has_release(self, tag: str = NEW) -> None:
        """The same, made by plain git and not waited for: for situations that a test begins with."""
        digest = self.sandbox.registry.push(f"ghcr.io/dpdpdpdp0987/{APP}", tag)
        path = f"apps/{APP}/images/kustomization.yaml"
        text = self.git("show", f"main:{path}") + "\n"
        images = [replace(image, tag=tag, digest=digest) for image in parse_images(text, file=path)]
        self._commit({path: write_images(text, images, file=path)}, f"{APP}: a new image {tag}")

    def has_promoted(self, source: str, target: str, app: str = APP) -> None:
        """The target holds what the source does, with its record; not waited for."""
        stack = read_stack(self.sandbox.objects, self.git("rev-parse", "main"))
        where, release = stack.environment(target), stack.release(source, app)
        began = runs_at(self.sandbox.objects, stack.commit, stack.environment(source).release_path(app))[0].commit
        record = next_record(release, stack.release(target, app), Origin(source, began))
        tree = Entry(app, FOLDER, release.tree)
        self._commit({where.release_path(app): tree, where.record_path(app): record_text(record)}, f"{target}: {app}")

    def _commit(self, changes: dict[str, Entry | str | None], subject: str) -> None:
        main = self.git("rev-parse", "main")
        self.git("update-ref", "refs/heads/main", self.sandbox.objects.make_commit(main, changes, subject))

    def wait_until_synced(self) -> None:
        """Waits until every Application is Synced and Healthy at main, and Prometheus has seen its Pods."""
        self.sandbox.argocd.wait_until_synced()
        for name, running in self.sandbox.monitoring.prometheus.items():
            images = {image for pod in self.sandbox.argocd.pods(name) for image in pod.images if "@" in image}
            prometheus = open_prometheus(running.url, authorization=None, timeout=5, now=lambda: datetime.now(UTC))
            deadline = time.monotonic() + 30
            while not images <= prometheus.pod_images(f"context-{name}"):
                assert time.monotonic() < deadline, "the sandbox does not come to rest"
                time.sleep(0.1)

    def promote(self, source: str, target: str, *apps: str) -> Answered:
        """Promotes, merges when the gate lets it pass, and waits until it is live."""
        opened = self.bot("promote", source, target, *apps)
        assert opened.code == 0, opened
        number = opened.pull["number"]
        self.sandbox.ada.approve(number)
        merged = self.bot("merge", str(number), "--wait")
        assert merged.outcome == "merged", merged
        assert self.bot("sync", target).code == 0
        self.wait_until_synced()
        return merged

    def errors(self, environment: str, *, on: bool) -> None:
        """The API answers half of its requests with 500; waits until the alert fires, or is over."""
        self.sandbox.monitoring.exporter.switch(environment, "errors", on=on)
        self.sandbox.monitoring.wait_for_alerts(environment, firing=on)


@pytest.fixture(scope="session")
def snapshot() -> str:
    """A commit of the repository's files as they are."""
    return open_checkout(ROOT, AUTHOR).snapshot()


@pytest.fixture(scope="session")
def origin(snapshot: str, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What every sandbox here begins with."""
    made = prepared_origin(ROOT, snapshot, bare=tmp_path_factory.mktemp("prepared") / "bare")
    made.objects.git.run("update-ref", "refs/heads/main", made.commit)
    return made


@pytest.fixture(scope="session")
def prepared(origin: Prepared) -> GitObjects:
    """A bare repository whose main is this one with digests and releases, as the sandbox has it, but for its addresses."""
    return origin.objects


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return open_renderer()


@pytest.fixture
def checkout(prepared: GitObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's clone, stood in; nothing else is needed offline."""
    git(tmp_path, "clone", "--quiet", str(prepared.git.folder), "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    return tmp_path / "checkout"


@pytest.fixture
def bot(capsys: pytest.CaptureFixture[str]) -> Bot:
    return Bot(capsys)


@pytest.fixture(scope="session")
def monitoring(prepared: GitObjects, renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    if shutil.which("prometheus") is None and os.environ.get("CI"):
        pytest.fail("CI runs these tests against a real Prometheus, and none is installed")
    environments = read_stack(prepared, "main").environments.values()
    renders = {each: render_at(prepared, renderer, commit="main", environment=each) for each in environments}
    running = start_monitoring(tmp_path_factory.mktemp("monitoring"), renders)
    wait_for(running)
    yield running
    running.stop()


@pytest.fixture
def sandbox(origin: Prepared, monitoring: Monitoring, renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with start_sandbox(ROOT, progress=Quiet(), pace=PACE, monitoring=monitoring, renderer=renderer, origin=origin) as running:
        for name, value in running.variables().items():
            monkeypatch.setenv(name, value)
        for name in monitoring.prometheus:
            monitoring.wait_for_alerts(name, firing=False)
        yield running


@pytest.fixture
def town(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> Town:
    """Three environments that run the same release."""
    return Town(sandbox, capsys)


@pytest.fixture
def dev_ahead(town: Town) -> Town:
    """Dev runs a newer API than staging and prod."""
    return _has_come(town)


@pytest.fixture
def staging_ahead(town: Town) -> Town:
    """Staging runs a newer API than prod."""
    return _has_come(town, ("dev", "staging"))


@pytest.fixture
def prod_ahead(town: Town) -> Town:
    """Prod was promoted to the newer API, too."""
    return _has_come(town, ("dev", "staging"), ("staging", "prod"))


def _has_come(town: Town, *promotions: tuple[str, str]) -> Town:
    town.has_release()
    for source, target in promotions:
        town.has_promoted(source, target)
    town.wait_until_synced()
    return town
