"""The shapes of what Argo CD says of itself: its version, who we are there, what we may do, its ApplicationSets."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, TypeAdapter

from bot.adapters.argocd_shapes import Condition, Metadata


@dataclass(frozen=True)
class Version:
    """Of GET /version, which needs no token."""

    version: Annotated[str, Field(alias="Version")]


@dataclass(frozen=True)
class User:
    """Of GET /session/userinfo; a token that is not accepted is answered, too, as not logged in."""

    is_known: Annotated[bool, Field(alias="loggedIn")] = False
    name: Annotated[str, Field(alias="username")] = ""


@dataclass(frozen=True)
class Can:
    """Of GET /account/can-i: yes or no."""

    value: str


@dataclass(frozen=True)
class SetCondition(Condition):
    """One of an ApplicationSet's `status.conditions`; `status` says whether it holds."""

    status: str = ""


@dataclass(frozen=True)
class SetStatus:
    """Of an ApplicationSet."""

    conditions: tuple[SetCondition, ...] | None = None


@dataclass(frozen=True)
class ApplicationSet:
    """One that the token may see."""

    metadata: Metadata
    status: SetStatus = field(default_factory=SetStatus)


@dataclass(frozen=True)
class ApplicationSets:
    """Of GET /applicationsets: those that the token may see, maybe none."""

    items: tuple[ApplicationSet, ...] | None = None


VERSION = TypeAdapter(Version)
USER = TypeAdapter(User)
CAN = TypeAdapter(Can)
APPLICATION_SETS = TypeAdapter(ApplicationSets)
