"""The shapes of Prometheus' replies, as far as they are read."""

from dataclasses import dataclass, field
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field, TypeAdapter

from bot.observations import Labels

Content = TypeVar("Content")
Number = Annotated[float, Field(allow_inf_nan=False)]
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

    started: Annotated[AwareDatetime, Field(alias="startTime")]
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
    active_at: Annotated[AwareDatetime | None, Field(alias="activeAt")] = None


@dataclass(frozen=True)
class AlertingRule:
    """A rule of type alerting."""

    type: Literal["alerting"]
    name: str
    query: str
    duration: Number
    labels: Labels
    health: str
    last_evaluation: Annotated[AwareDatetime, Field(alias="lastEvaluation")]
    last_error: Annotated[str, Field(alias="lastError")] = ""
    alerts: tuple[Alert, ...] | None = ()
    keep_firing: Annotated[Number, Field(alias="keepFiringFor")] = 0.0


@dataclass(frozen=True)
class RecordingRule:
    """A rule of type recording: the gate has no use for it."""

    type: Literal["recording"]


@dataclass(frozen=True)
class Group:
    """A rule group."""

    name: str
    interval: Number
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
    last_scrape: Annotated[AwareDatetime, Field(alias="lastScrape")]
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
