"""What the gate looks at: values that adapters fill and pure functions judge. Times are UTC, durations in seconds.

Long, because it is one vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - pydantic reads the types when observations are recorded

from bot.model import Environment, Freeze, Hold, Release, Verdict

Labels = dict[str, str]
RUNNING = frozenset({"Running", "Terminating"})  # phases of a sync


@dataclass(frozen=True)
class Unseen:
    """Something that could not be observed, with the stable reason code."""

    code: str
    detail: str


@dataclass(frozen=True)
class AlertSeen:
    """One instance of an alert, `pending` or `firing`."""

    labels: Labels
    state: str
    active_at: datetime | None


@dataclass(frozen=True)
class RuleSeen:
    """One alerting rule as Prometheus has it loaded."""

    name: str
    group: str
    query: str
    duration: float  # its `for`
    labels: Labels
    health: str
    last_error: str
    last_evaluation: datetime | None  # None: never
    interval: float  # of its group
    alerts: tuple[AlertSeen, ...] = ()
    keep_firing: float = 0.0  # its `keep_firing_for`


@dataclass(frozen=True)
class TargetSeen:
    """One active scrape target."""

    job: str
    labels: Labels
    health: str
    last_scrape: datetime | None
    interval: float
    last_error: str


@dataclass(frozen=True)
class Sample:
    """One look at a Prometheus: everything read between two readings of its start time."""

    at: datetime  # our clock, halfway through reading the server's
    server_time: datetime
    started: datetime
    started_after: datetime  # read again at the end; differs when a balancer mixes replicas
    reload_succeeded: bool
    warnings: tuple[str, ...]
    more_pages: bool  # groupNextToken was set and unread
    rules: tuple[RuleSeen, ...]
    targets: tuple[TargetSeen, ...]


@dataclass(frozen=True)
class FiringSpan:
    """A time in which an alert fired, from the first raw sample of it to the last."""

    labels: Labels
    first: datetime
    last: datetime


@dataclass(frozen=True)
class PrometheusSeen:
    """One replica: samples, oldest first, and what was asked of its store."""

    url: str
    samples: tuple[Sample, ...]
    metrics_without_series: tuple[str, ...] = ()  # of blocking rules, as selectors
    pod_images: frozenset[str] = frozenset()  # every image, image_spec and image_id of kube_pod_container_info in the namespace
    firing_in_window: tuple[FiringSpan, ...] = ()  # raw ALERTS samples since `window_start`
    watchdog_coverage: float = 0.0  # share of the window, 0 to 1, that the watchdog's samples cover
    window_start: datetime | None = None  # None: no window was asked for
    firing_between: tuple[FiringSpan, ...] = ()  # raw ALERTS samples from the first of `samples` to the last
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matcher:
    """One condition of a silence on a label; a label that an alert has not is empty."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool  # False: it must not match


@dataclass(frozen=True)
class Silence:
    """A silence that an Alertmanager says is active."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    who: str
    why: str


@dataclass(frozen=True)
class NotifiedAlert:
    """An alert as an Alertmanager has it, and what keeps it from telling people."""

    labels: Labels  # with the external labels of its Prometheus
    silenced_by: tuple[str, ...]  # ids of silences
    inhibited_by: tuple[str, ...]  # fingerprints of alerts


@dataclass(frozen=True)
class AlertmanagerSeen:
    """One replica: its alerts, then, read later, its active silences."""

    url: str
    version: str
    at: datetime  # our clock, before it was asked
    alerts: tuple[NotifiedAlert, ...]
    silences: tuple[Silence, ...]


@dataclass(frozen=True)
class ResourceFault:
    """A resource that is not Synced or not Healthy, or that a sync failed on, with what Argo CD says of it."""

    kind: str
    name: str
    status: str
    message: str


@dataclass(frozen=True)
class Operation:
    """Argo CD's last or running sync."""

    phase: str  # Running, Terminating, Succeeded, Failed, Error
    message: str
    started: datetime | None
    finished: datetime | None
    revision: str | None
    faults: tuple[ResourceFault, ...] = ()  # what it could not apply, and hooks that failed

    @property
    def is_over(self) -> bool:
        """Whether it has ended for good: between two attempts it says Running, and when the last one finished."""
        return self.finished is not None and self.phase not in RUNNING


@dataclass(frozen=True)
class Deployed:
    """One real sync in the Application's history."""

    revision: str
    at: datetime


@dataclass(frozen=True)
class PodSeen:
    """A live Pod of the Application's resource tree."""

    name: str
    images: tuple[str, ...]
    health: str
    of_job: bool  # belongs to a Job: finished ones do not count


@dataclass(frozen=True)
class ApplicationSeen:
    """An Argo CD Application, as its server tells it."""

    name: str
    path: str
    target_revision: str
    sync: str  # Synced, OutOfSync, Unknown
    revision: str | None  # the commit that it was compared with
    health: str
    healthy_since: datetime | None  # last transition of the health status
    reconciled: datetime | None
    operation: Operation | None
    history: tuple[Deployed, ...]  # oldest first
    conditions: tuple[str, ...]
    pods: tuple[PodSeen, ...]
    faults: tuple[ResourceFault, ...] = ()
    sources: int = 1
    repository: str = ""  # the address that it follows
    is_automated: bool = True  # it syncs by itself


@dataclass(frozen=True)
class SyncWindow:
    """What keeps an Application from syncing by itself now: a deny window that is open, or allow windows that are all closed."""

    kind: str  # deny, allow
    times: tuple[str, ...]  # of each window: schedule and duration
    allows_manual: bool  # a sync that a person or the bot starts passes

    @property
    def words(self) -> str:
        """For people."""
        times = "; ".join(self.times)
        return f"a sync window denies syncs ({times})" if self.kind == "deny" else f"no sync window that allows syncs is open ({times})"


@dataclass(frozen=True)
class RunSeen:
    """One unbroken run of a release's tree on main's first-parent history of an environment."""

    app: str
    tree: str
    commit: str  # that began it
    since: datetime
    until: datetime | None  # None: it still runs
    synced_at: datetime | None  # end of the sync that brought it, if there was one
    verified: bool = False  # `promotion/verified/<env>` is success on the commit that began it


@dataclass(frozen=True)
class RequiredRule:
    """An alert rule that the environment's rendered manifests at the gated commit contain."""

    name: str
    labels: Labels
    expr: str
    duration: float  # its `for`
    keep_firing: float = 0.0  # its `keep_firing_for`


@dataclass(frozen=True)
class EnvironmentSeen:
    """All that was observed of one environment, for the releases that it is judged with."""

    environment: Environment
    role: str  # source or target
    commit: str  # main's commit that Git facts were read at
    releases: tuple[Release, ...]  # source: those to be promoted; target: its current ones
    folder_exists: bool
    application: ApplicationSeen | Unseen | None  # None: Argo CD has no such Application
    synced_trees: dict[str, str | None]  # app -> tree at the Application's synced commit (None: absent)
    main_trees: dict[str, str | None]  # app -> tree on main; differs from synced while the environment moves
    required_rules: tuple[RequiredRule, ...] | Unseen
    prometheus: tuple[PrometheusSeen | Unseen, ...]
    sync_window: SyncWindow | Unseen | None  # that would keep what is merged now from being synced; only a promotion's target is asked
    runs: tuple[RunSeen, ...] = ()  # of the releases, when the environment is a source
    alertmanagers: tuple[AlertmanagerSeen | Unseen, ...] = ()  # none is listed, or each one that is
    rendered_images: frozenset[str] = frozenset()  # all container images of workloads in the render, Jobs aside

    @property
    def replicas(self) -> tuple[PrometheusSeen, ...]:
        """The Prometheus replicas that were seen."""
        return tuple(seen for seen in self.prometheus if isinstance(seen, PrometheusSeen))


@dataclass(frozen=True)
class Observations:
    """Everything that one judgement rests on."""

    source: EnvironmentSeen | None  # None: only the target is judged (verify)
    target: EnvironmentSeen
    holds: tuple[Hold, ...] | Unseen
    freezes: tuple[Freeze, ...] = ()
    fixes: tuple[str, ...] = ()  # names of alerts of the target that the promotion is to end
    cured_by: datetime | None = None  # after the merge: until when they may go on
    problems: tuple[Finding, ...] = ()  # found while planning: a hand-edited release, an overlay that does not fit
    readable_holds: tuple[Hold, ...] = ()  # those that can be read, where another cannot
    coming_images: frozenset[str] | None = None  # all that the target renders with what is to be promoted; None: it does not render


@dataclass(frozen=True)
class Finding:
    """One line of evidence: which row of the gate's table, about what, with which facts."""

    row: int
    code: str  # stable, kebab-case
    verdict: Verdict
    subject: str  # e.g. "staging: https://prometheus…" or "prod: Application context-prod"
    summary: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BrokenGlass:
    """Why a judgement that does not pass is overridden, and by whom."""

    reason: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """The gate's verdict, with its evidence and the time of it."""

    verdict: Verdict
    findings: tuple[Finding, ...]  # worst first
    at: datetime
    observed: Observations | str | None = None  # what it rests on, only of promotions; packed where it was read from evidence

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings that keep it from passing."""
        return tuple(finding for finding in self.findings if finding.verdict is not Verdict.PASS)
