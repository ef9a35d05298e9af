"""The keys of `environments/<env>/environment.yaml`, with what each may hold."""

import re
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from bot.model import Alerts, Policy
from bot.time_zones import is_time_zone

SHAPE = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)
DURATION = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
APPROVER = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")


def duration(written: object) -> timedelta:
    """A length of time such as 2h, 30m, 20s or 1h30m; ValueError when it is none."""
    parts = DURATION.fullmatch(written) if isinstance(written, str) and written else None
    if parts is None:
        raise ValueError("must be a duration such as 2h, 30m, 20s or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def positive(length: timedelta) -> timedelta:
    """A length of time that is more than none."""
    if not length:
        raise ValueError("must be longer than 0s")
    return length


def schedule(written: str) -> str:
    """When something begins again and again, as cron writes it in five fields."""
    if len(written.split()) != 5:  # noqa: PLR2004 - the library takes seconds, too
        raise ValueError("must be five fields of cron, minute to day of the week")
    try:
        next(CronSim(written, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise ValueError("must be five fields of cron, minute to day of the week, that name a time which comes") from None
    return written


def time_zone(written: str) -> str:
    """A time zone by its name; a mere offset would be wrong for half of the year."""
    if not is_time_zone(written):
        raise ValueError("must be a time zone such as Europe/Berlin or UTC")
    return written


def dns_label(written: str) -> str:
    """A name that Kubernetes accepts."""
    if not LABEL.fullmatch(written):
        raise ValueError("must be a name of at most 63 lower-case letters, digits and inner dashes")
    return written


def is_dns_label(written: str) -> bool:
    """Whether Kubernetes accepts a name."""
    return LABEL.fullmatch(written) is not None


def url(written: str) -> str:
    """An address over HTTP that carries no secret."""
    try:
        parts = urlsplit(written)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not written.isascii() or any(not sign.isprintable() or sign.isspace() for sign in written):
        raise ValueError("must be an address that starts with http:// or https://")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an address without user, password, query and fragment")
    return written


def approver(written: str) -> str:
    """A person or team as CODEOWNERS writes it."""
    if not APPROVER.fullmatch(written):
        raise ValueError("must be @user or @org/team, as in CODEOWNERS")
    return written


def distinct(written: tuple[str, ...]) -> tuple[str, ...]:
    """A list in which nothing stands twice."""
    if len({each.rstrip("/") for each in written}) < len(written):
        raise ValueError("must not list anything twice")
    return written


Duration = Annotated[timedelta, BeforeValidator(duration)]
Name = Annotated[str, AfterValidator(dns_label)]
Url = Annotated[str, AfterValidator(url)]
Text = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=253)]
Names = Annotated[tuple[Text, ...], AfterValidator(distinct)]


@dataclass(frozen=True, config=SHAPE)
class ArgoCDShape:
    """`argocd`."""

    url: Url
    project: Name
    application: Name


@dataclass(frozen=True, config=SHAPE)
class SamplesShape:
    """`gate.samples`."""

    count: Annotated[int, Field(ge=1, le=100)] = Policy.samples
    interval: Annotated[Duration, AfterValidator(positive)] = Policy.interval


@dataclass(frozen=True, config=SHAPE)
class OtherwiseShape:
    """`gate.alerts.otherwise`: how a rule without the label is judged."""

    severity: Names = Alerts.severity


@dataclass(frozen=True, config=SHAPE)
class AlertsShape:
    """`gate.alerts`."""

    label: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")] = Alerts.label
    block: Names = Alerts.block
    otherwise: OtherwiseShape = field(default_factory=OtherwiseShape)
    may_be_absent: Names = ()
    silences: Literal["ignore", "honour"] = Alerts.silences


@dataclass(frozen=True, config=SHAPE)
class FreezeShape:
    """One of `gate.freeze`."""

    cron: Annotated[str, AfterValidator(schedule)]
    duration: Annotated[Duration, AfterValidator(positive)]
    time_zone: Annotated[str, AfterValidator(time_zone)]
    reason: Annotated[str, StringConstraints(max_length=200)] = ""


@dataclass(frozen=True, config=SHAPE)
class GateShape:
    """`gate`."""

    soak: Duration = Policy.soak
    samples: SamplesShape = field(default_factory=SamplesShape)
    alerts: AlertsShape = field(default_factory=AlertsShape)
    watchdog: Text = Policy.watchdog
    required_jobs: Names = ()
    watch: Annotated[Duration, AfterValidator(positive)] = Policy.watch
    require_digests: bool = Policy.require_digests
    freeze: tuple[FreezeShape, ...] = ()
    auto_rollback: bool = Policy.auto_rollback


@dataclass(frozen=True, config=SHAPE)
class PeopleShape:
    """`people`."""

    approve: Annotated[tuple[Annotated[str, AfterValidator(approver)], ...], AfterValidator(distinct)] = ()


@dataclass(frozen=True, config=SHAPE)
class FileShape:
    """The whole file."""

    cluster: Text
    namespace: Name
    argocd: ArgoCDShape
    prometheus: Annotated[tuple[Url, ...], Field(min_length=1), AfterValidator(distinct)]
    alertmanager: Annotated[tuple[Url, ...], AfterValidator(distinct)] = ()
    promotes_from: Name | None = None
    live: bool = True
    merge: Literal["bot", "person"] = "person"
    gate: GateShape = field(default_factory=GateShape)
    people: PeopleShape = field(default_factory=PeopleShape)


FILE = TypeAdapter(FileShape)
SECTIONS = {
    "": FileShape,
    "argocd": ArgoCDShape,
    "gate": GateShape,
    "gate.samples": SamplesShape,
    "gate.alerts": AlertsShape,
    "gate.alerts.otherwise": OtherwiseShape,
    "gate.freeze": FreezeShape,
    "people": PeopleShape,
}
