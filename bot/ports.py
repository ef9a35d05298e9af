"""What workflows need of the outside, as small Protocols; adapters fulfil them and raise BotError alone.

Long, because one reads them side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from bot.model import Environment
    from bot.observations import AlertmanagerSeen, ApplicationSeen, FiringSpan, Sample, SyncWindow
    from bot.setup import ApplicationSetSeen, Merging, Program, Protection, Rights, Webhook

REGULAR, EXECUTABLE, LINK, FOLDER, SUBMODULE = "100644", "100755", "120000", "040000", "160000"


@dataclass(frozen=True)
class Entry:
    """One entry of a Git tree; `path` is relative to the folder that was listed."""

    path: str
    mode: str
    sha: str


@dataclass(frozen=True)
class Commit:
    """A commit, as far as we read it."""

    sha: str
    parents: tuple[str, ...]
    author_email: str
    time: datetime  # committer's, UTC
    subject: str
    body: str = ""


class Objects(Protocol):
    """Reading a Git object store, and making objects in it. A missing path is None or empty, a missing commit a BotError."""

    def entry(self, commit: str, path: str) -> Entry | None:
        """What lies at a path: its mode and hash."""

    def tree(self, commit: str, path: str) -> str | None:
        """The hash of the folder at a path; None where there is none."""

    def entries(self, commit: str, path: str) -> dict[str, Entry]:
        """A folder's own entries, by name; empty when there is no such folder."""

    def walk(self, tree: str) -> tuple[Entry, ...]:
        """Every file below a tree (or commit), with its path; needs no blobs."""

    def read(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """The texts of those paths that are files, read in one batch; one that is not UTF-8 is a BotError."""

    def commit(self, sha: str) -> Commit:
        """One commit."""

    def history(self, commit: str, path: str, *, limit: int = 1000) -> tuple[Commit, ...]:
        """First-parent commits that changed what lies at a path, newest first, the one that created it included."""

    def log(self, base: str, head: str, path: str = "") -> tuple[Commit, ...]:
        """Commits reachable from head and not from base that touch path, newest first."""

    def changed_paths(self, before: str, after: str) -> tuple[str, ...]:
        """Paths of files that differ between two commits or trees; needs no blobs."""

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is in the history of another (or is it)."""

    def merge_base(self, one: str, other: str) -> str | None:
        """Their best common ancestor."""

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree that merging two commits gives, or None if they conflict."""

    def make_commit(self, parent: str, changes: Mapping[str, Entry | str | None], message: str) -> str:
        """A commit on parent with these paths replaced: by an object, by a text file, or removed; no checkout."""

    def materialize(self, commit: str, paths: Iterable[str], into: Path) -> None:
        """Writes these paths of a commit below a folder, links as links, blobs fetched in one batch."""


class Origin(Objects, Protocol):
    """The repository that is promoted in: a persistent bare partial clone of it."""

    url: str

    def fetch_main(self) -> str:
        """Main's present commit on origin, fetched; one request when nothing is new."""

    def fetch_branch(self, branch: str) -> str | None:
        """A branch's present commit on origin, fetched; None when there is no such branch."""

    def push(self, commit: str, branch: str, *, expected: str | None) -> None:
        """Moves a branch on origin from expected (None: must not exist) to commit; MovedRefError when it was elsewhere."""

    def delete_branch(self, branch: str, *, expected: str) -> None:
        """Removes a branch on origin if it is where expected; one that is gone is a success."""


class Checkout(Objects, Protocol):
    """The working tree that the user stands in."""

    @property
    def folder(self) -> Path:
        """The top of the working tree."""

    def head(self) -> str:
        """The commit that is checked out."""

    def snapshot(self) -> str:
        """A commit of the files as they are now, ignored ones aside; moves no ref and leaves the index alone."""

    def resolve(self, ref: str) -> str:
        """The commit that a ref names; BotError when none."""

    def place(self, commit: str, source: str, destination: str) -> None:
        """Replaces a folder of the working tree by a folder of a commit."""

    def write(self, path: str, text: str) -> None:
        """Writes one text file of the working tree atomically."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request whose head lies in this very repository."""

    number: int
    title: str
    body: str
    branch: str
    head: str
    base: str
    author: str
    url: str
    is_open: bool
    merge_commit: str | None  # set when merged
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Review:
    """A person's latest review of its kind."""

    login: str
    state: str  # APPROVED, CHANGES_REQUESTED, DISMISSED, or COMMENTED, which decides nothing
    commit: str
    body: str = ""


@dataclass(frozen=True)
class Status:
    """A commit status; `author` is the login that set it."""

    context: str
    state: str  # error, failure, pending, success
    description: str
    author: str


class Forge(Protocol):
    """GitHub, or what speaks its REST API. Every write is idempotent: repeated after a lost reply, it happens once."""

    def login(self) -> str:
        """Who we are there."""

    def pull(self, number: int) -> PullRequest:
        """One pull request; BotError when there is none or its head lies in a fork."""

    def pull_of_branch(self, branch: str) -> PullRequest | None:
        """The open pull request of a branch of this repository into main; the oldest of several."""

    def open_pulls(self) -> tuple[PullRequest, ...]:
        """All open pull requests into main from branches of this repository, oldest first."""

    def pull_of_commit(self, sha: str) -> PullRequest | None:
        """The merged pull request that brought a commit to main."""

    def open_pull(self, branch: str, title: str, body: str) -> PullRequest:
        """Opens the pull request of a branch into main, or finds it."""

    def edit_pull(self, number: int, *, title: str, body: str) -> None:
        """Replaces title and body."""

    def close_pull(self, number: int) -> None:
        """Closes without merging."""

    def add_labels(self, number: int, labels: Iterable[str]) -> None:
        """Adds labels that are missing."""

    def reviews(self, number: int) -> tuple[Review, ...]:
        """The latest deciding review of each person, and their latest review that only comments."""

    def request_reviews(self, number: int, people: Iterable[str]) -> None:
        """Asks people (@user, @org/team) for a review, those not yet asked."""

    def members(self, team: str) -> frozenset[str]:
        """Logins of a team written @org/team; of @user just that login."""

    def sticky_comment(self, number: int, marker: str) -> str | None:
        """The text of our own comment that begins with a marker; the oldest of several."""

    def write_comment(self, number: int, marker: str, text: str) -> None:
        """Makes or replaces our comment that begins with a marker."""

    def statuses(self, sha: str) -> dict[str, Status]:
        """The newest status of each context on a commit."""

    def set_status(self, sha: str, context: str, *, state: str, description: str) -> None:
        """Sets a commit status."""

    def merge(self, number: int, *, head: str, subject: str, message: str) -> str:
        """Merges by a merge commit if the head is still this one; answers that commit, also when already merged so."""

    def rights(self) -> Rights:
        """What our credential may do, as far as the forge tells."""

    def protection(self) -> Protection:
        """What protects main."""

    def merging(self) -> Merging:
        """How pull requests may be merged."""

    def owners_problems(self) -> tuple[str, ...]:
        """What the forge finds wrong in CODEOWNERS."""

    def webhooks(self) -> tuple[Webhook, ...]:
        """The repository's webhooks; BotError when we may not see them."""


class ArgoCD(Protocol):
    """One environment's Application on its Argo CD server."""

    def application(self) -> ApplicationSeen | None:
        """The Application as it is now, Pods included; None when there is none."""

    def sync_window(self) -> SyncWindow | None:
        """What keeps it from syncing by itself now."""

    def refresh(self) -> None:
        """Has Argo CD look at Git now."""

    def sync(self) -> None:
        """Starts a sync to the target revision."""

    def terminate(self) -> None:
        """Ends the running operation; none running is a success."""

    def version(self) -> str:
        """The server's version; told to everybody."""

    def user(self) -> str | None:
        """Whose our token is, proj:PROJECT:ROLE for a project's role; None when the server does not accept it."""

    def may(self, action: str) -> bool:
        """Whether our token may do this with the Application; asked, never tried."""

    def has_project(self) -> bool:
        """Whether the Application's project exists."""

    def application_sets(self) -> tuple[ApplicationSetSeen, ...]:
        """The ApplicationSets that our token may see; often none."""


class Prometheus(Protocol):
    """One Prometheus replica. Whatever is not its full, unambiguous answer is an UnobservableError."""

    url: str

    def version(self) -> str:
        """The server's version."""

    def sample(self) -> Sample:
        """Runtime information, rules and targets, between two readings of the start time."""

    def without_series(self, selectors: Iterable[str]) -> tuple[str, ...]:
        """Those vector selectors that have no series now (5 minutes back)."""

    def pod_images(self, namespace: str) -> frozenset[str]:
        """Values of image, image_spec and image_id over kube_pod_container_info of a namespace."""

    def firing_spans(self, start: datetime, end: datetime) -> tuple[FiringSpan, ...]:
        """From raw samples of ALERTS (not steps): who fired between two moments, and when last."""

    def coverage(self, alert: str, environment: str, *, start: datetime, end: datetime, interval: float) -> float:
        """Share (0 to 1) of a time that the firing samples of an environment's alert cover, each worth one rule interval."""


class Alertmanager(Protocol):
    """One Alertmanager replica. Whatever is not its full answer is an UnobservableError."""

    url: str

    def look(self) -> AlertmanagerSeen:
        """Its alerts as they are now, then the silences that are active."""


class Registry(Protocol):
    """OCI registries."""

    def digest(self, repository: str, tag: str) -> str:
        """The manifest (or index) digest of a tag; BotError when there is no such tag."""


@dataclass(frozen=True)
class Rendered:
    """What kustomize made of a folder."""

    text: str
    objects: tuple[dict[str, Any], ...]  # Any: arbitrary YAML
    warnings: str


class Renderer(Protocol):
    """Kustomize."""

    def render(self, folder: Path) -> Rendered:
        """Builds a folder; RenderError with kustomize's reason when it refuses."""

    def render_files(self, folder: str, *, names: str, write: Callable[[Path], None]) -> Rendered:
        """The same of a folder among files that `write` puts below a root; remembered by what names them: same names, same files."""


class Progress(Protocol):
    """Where a workflow says what it is doing, for people who wait."""

    def say(self, text: str) -> None:
        """One line of progress."""


@dataclass(frozen=True)
class World:
    """Everything outside that a workflow on origin may use."""

    origin: Origin
    forge: Forge
    argocd: Callable[[Environment], ArgoCD]
    prometheus: Callable[[Environment], tuple[Prometheus, ...]]
    alertmanager: Callable[[Environment], tuple[Alertmanager, ...]]
    registry: Registry
    renderer: Renderer
    programs: Callable[[], tuple[Program, ...]]
    progress: Progress
    now: Callable[[], datetime]
    sleep: Callable[[timedelta], None]
    author: str  # "Name <email>" of the commits that the bot makes
