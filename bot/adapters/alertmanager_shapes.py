"""The shapes of Alertmanager's replies (API v2), as far as they are read."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter

from bot.observations import Labels


@dataclass(frozen=True)
class Version:
    """Of a status."""

    version: str


@dataclass(frozen=True)
class Cluster:
    """Of a status: whether it shares silences with other replicas."""

    status: str


@dataclass(frozen=True)
class Status:
    """Of /api/v2/status."""

    cluster: Cluster
    version_info: Annotated[Version, Field(alias="versionInfo")]


@dataclass(frozen=True)
class AlertStatus:
    """What keeps an alert from being told."""

    state: str  # active, suppressed, unprocessed
    silenced_by: Annotated[tuple[str, ...], Field(alias="silencedBy")]
    inhibited_by: Annotated[tuple[str, ...], Field(alias="inhibitedBy")]


@dataclass(frozen=True)
class Alert:
    """One of /api/v2/alerts."""

    labels: Labels
    status: AlertStatus


@dataclass(frozen=True)
class SilenceStatus:
    """Of a silence."""

    state: str  # pending, active, expired


@dataclass(frozen=True)
class Condition:
    """A matcher of a silence."""

    name: str
    value: str
    is_regex: Annotated[bool, Field(alias="isRegex")]
    is_equal: Annotated[bool, Field(alias="isEqual")] = True  # older versions know no other


@dataclass(frozen=True)
class Silenced:
    """One of /api/v2/silences."""

    id: str
    status: SilenceStatus
    matchers: Annotated[tuple[Condition, ...], Field(min_length=1)]
    starts: Annotated[AwareDatetime, Field(alias="startsAt")]
    ends: Annotated[AwareDatetime, Field(alias="endsAt")]
    created_by: Annotated[str, Field(alias="createdBy")]
    comment: str


STATUS = TypeAdapter(Status)
ALERTS = TypeAdapter(tuple[Alert, ...])
SILENCES = TypeAdapter(tuple[Silenced, ...])
