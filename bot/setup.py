"""What must be in place around the repository, as it was seen, and what doctor says of it; values alone."""

from __future__ import annotations

from dataclasses import dataclass, field

OK, WARNING, PROBLEM, UNKNOWN = "ok", "warning", "problem", "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that must be in place: whether it is, and if not, what to do. What cannot be told is `unknown`, never ok."""

    state: str  # ok, warning, problem, unknown
    place: str  # machine, forge, or an environment
    what: str
    fix: str = ""


@dataclass(frozen=True)
class Program:
    """A program on this machine."""

    name: str
    version: tuple[int, int]  # (0, 0): it does not say
    least: tuple[int, int]


@dataclass(frozen=True)
class Rights:
    """What our credential may do on the repository, as far as the forge tells."""

    kind: str  # app, classic (a token with scopes), token (fine-grained: the forge does not tell its permissions)
    app: int | None = None
    permissions: dict[str, str] = field(default_factory=dict)  # of the App's installation: read or write
    scopes: tuple[str, ...] = ()  # of a classic token
    may_push: bool | None = None  # the role of the token's owner
    is_private: bool = True


@dataclass(frozen=True)
class RequiredCheck:
    """A status that the forge wants before it merges into main."""

    context: str
    app: int | None  # the App that it must come from; None: whoever sets it


@dataclass(frozen=True)
class Protection:
    """What protects main: rulesets and branch protection together; None is what cannot be seen without admin rights."""

    checks: tuple[RequiredCheck, ...]
    pull_request: bool | None
    owners_review: bool | None
    last_push_approval: bool | None


@dataclass(frozen=True)
class Merging:
    """How the repository lets pull requests be merged; None is what the forge does not tell us."""

    auto_merge: bool | None
    merge_commit: bool | None


@dataclass(frozen=True)
class Webhook:
    """A webhook of the repository."""

    url: str
    is_active: bool
    events: tuple[str, ...]
    last_code: int | None  # HTTP status of the last delivery; None: none yet


@dataclass(frozen=True)
class ApplicationSetSeen:
    """An ApplicationSet that the token may see, with what it says is wrong."""

    name: str
    errors: tuple[str, ...]
