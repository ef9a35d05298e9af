"""The shapes of Prometheus' replies, as far as they are read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter

from bot.observations import Labels

Content = TypeVar("Content")
LONGEST = timedelta(days=3653).total_seconds()  # about ten years; more is no interval, and may not fit into a time-span
YEARS = range(2000, 2201)  # far enough from the ends of the calendar to be reckoned with, in any zone


def in_our_age(time: datetime) -> datetime:
    """The same time; ValueError when it is so far away that reckoning with it could leave the calendar."""
    if time.year not in YEARS:
        raise ValueError(f"the year is not from {YEARS[0]} to {YEARS[-1]}")
    return time


def in_our_age_or_never(time: datetime) -> datetime:
    """The same time, which may also be Go's zero time (year 1)."""
    return time if time.year <= 1 else in_our_age(time)


Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]
Time = Annotated[AwareDatetime, AfterValidator(in_our_age)]
TimeOrNever = Annotated[AwareDatetime, AfterValidator(in_our_age_or_never)]
Point = tuple[Number, str]  # time in seconds, value as text


@dataclass(frozen=True)
class Reply(Generic[Content]):
    """What every endpoint of the API wraps its content in."""

    status: str
    data: Content | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Runtime:
    """Of /api/v1/status/runtimeinfo."""

    started: Annotated[Time, Field(alias="startTime")]
    reload_succeeded: Annotated[bool, Field(alias="reloadConfigSuccess")]


@dataclass(frozen=True)
class Build:
    """Of /api/v1/status/buildinfo."""

    version: str


@dataclass(frozen=True)
class Alert:
    """A pending or firing alert of a rule."""

    labels: Labels
    state: str
    active_at: Annotated[TimeOrNever | None, Field(alias="activeAt")] = None


@dataclass(frozen=True)
class AlertingRule:
    """A rule of type alerting."""

    type: Literal["alerting"]
    name: str
    query: str
    duration: Seconds
    labels: Labels
    health: str
    last_evaluation: Annotated[TimeOrNever, Field(alias="lastEvaluation")]
    last_error: Annotated[str, Field(alias="lastError")] = ""
    alerts: tuple[Alert, ...] | None = ()
    keep_firing: Annotated[Seconds, Field(alias="keepFiringFor")] = 0.0


@dataclass(frozen=True)
class RecordingRule:
    """A rule of type recording: the gate has no use for it."""

    type: Literal["recording"]


@dataclass(frozen=True)
class Group:
    """A rule group."""

    name: str
    interval: Seconds
    rules: tuple[Annotated[AlertingRule | RecordingRule, Field(discriminator="type")], ...]


@dataclass(frozen=True)
class Groups:
    """Of /api/v1/rules."""

    groups: tuple[Group, ...]
    next_page: Annotated[str, Field(alias="groupNextToken")] = ""


@dataclass(frozen=True)
class Target:
    """An active target."""

    labels: Labels
    pool: Annotated[str, Field(alias="scrapePool")]
    health: str
    last_scrape: Annotated[TimeOrNever, Field(alias="lastScrape")]
    interval: Annotated[str, Field(alias="scrapeInterval")]
    last_error: Annotated[str, Field(alias="lastError")] = ""


@dataclass(frozen=True)
class Targets:
    """Of /api/v1/targets."""

    active: Annotated[tuple[Target, ...], Field(alias="activeTargets")]


@dataclass(frozen=True)
class Scalar:
    """A query's result that has no labels."""

    type: Annotated[Literal["scalar"], Field(alias="resultType")]
    result: Point


@dataclass(frozen=True)
class OneValue:
    """A series with its value now."""

    metric: Labels
    value: Point


@dataclass(frozen=True)
class Vector:
    """A query's result of one value per series."""

    type: Annotated[Literal["vector"], Field(alias="resultType")]
    result: tuple[OneValue, ...]


@dataclass(frozen=True)
class Values:
    """A series with its raw samples."""

    metric: Labels
    values: tuple[Point, ...] = field(default=())


@dataclass(frozen=True)
class Matrix:
    """A range selector's result."""

    type: Annotated[Literal["matrix"], Field(alias="resultType")]
    result: tuple[Values, ...]


BUILD = TypeAdapter(Reply[Build])
RUNTIME = TypeAdapter(Reply[Runtime])
GROUPS = TypeAdapter(Reply[Groups])
TARGETS = TypeAdapter(Reply[Targets])
SCALAR = TypeAdapter(Reply[Scalar])
VECTOR = TypeAdapter(Reply[Vector])
MATRIX = TypeAdapter(Reply[Matrix])
