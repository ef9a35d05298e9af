"""The shapes of what GitHub says of a repository's set-up, as far as they are read."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, TypeAdapter


@dataclass(frozen=True)
class Installation:
    """Of GET /repos/{owner}/{repo}/installation."""

    app: Annotated[int, Field(alias="app_id")]
    permissions: dict[str, str]


@dataclass(frozen=True)
class Permissions:
    """The role of who asks."""

    push: bool


@dataclass(frozen=True)
class Repository:
    """Of GET /repos/{owner}/{repo}; how to merge is told to those who may change it."""

    private: bool
    permissions: Permissions | None = None
    auto_merge: Annotated[bool | None, Field(alias="allow_auto_merge")] = None
    merge_commit: Annotated[bool | None, Field(alias="allow_merge_commit")] = None


@dataclass(frozen=True)
class RuleCheck:
    """A required status of a ruleset; without `integration_id` anybody may set it."""

    context: str
    app: Annotated[int | None, Field(alias="integration_id")] = None


@dataclass(frozen=True)
class Parameters:
    """What a rule wants; of required checks or of pull requests."""

    checks: Annotated[tuple[RuleCheck, ...], Field(alias="required_status_checks")] = ()
    owners_review: Annotated[bool, Field(alias="require_code_owner_review")] = False
    last_push: Annotated[bool, Field(alias="require_last_push_approval")] = False


@dataclass(frozen=True)
class Rule:
    """One of GET /repos/{owner}/{repo}/rules/branches/{branch}."""

    type: str
    parameters: Parameters | None = None


@dataclass(frozen=True)
class BranchCheck:
    """A required status of branch protection; no App or -1: anybody may set it."""

    context: str
    app: Annotated[int | None, Field(alias="app_id")] = None


@dataclass(frozen=True)
class BranchChecks:
    """The required ones."""

    checks: tuple[BranchCheck, ...] = ()


@dataclass(frozen=True)
class BranchSummary:
    """What a branch says of its protection to whoever may read it."""

    enabled: bool = False
    required: Annotated[BranchChecks | None, Field(alias="required_status_checks")] = None


@dataclass(frozen=True)
class Branch:
    """Of GET /repos/{owner}/{repo}/branches/{branch}."""

    protection: BranchSummary = field(default_factory=BranchSummary)


@dataclass(frozen=True)
class Reviews:
    """Which reviews branch protection wants."""

    owners_review: Annotated[bool, Field(alias="require_code_owner_reviews")] = False
    last_push: Annotated[bool, Field(alias="require_last_push_approval")] = False


@dataclass(frozen=True)
class BranchProtection:
    """Of GET /repos/{owner}/{repo}/branches/{branch}/protection, for administrators."""

    reviews: Annotated[Reviews | None, Field(alias="required_pull_request_reviews")] = None


@dataclass(frozen=True)
class OwnersProblem:
    """An error in CODEOWNERS."""

    path: str
    line: int
    kind: str


@dataclass(frozen=True)
class Owners:
    """Of GET /repos/{owner}/{repo}/codeowners/errors."""

    errors: tuple[OwnersProblem, ...]


@dataclass(frozen=True)
class HookTarget:
    """Where a webhook goes."""

    url: str = ""


@dataclass(frozen=True)
class HookResponse:
    """How the last delivery ended; no code before the first."""

    code: int | None = None


@dataclass(frozen=True)
class Hook:
    """One of GET /repos/{owner}/{repo}/hooks."""

    active: bool
    events: tuple[str, ...]
    config: HookTarget
    last: Annotated[HookResponse | None, Field(alias="last_response")] = None


INSTALLATION = TypeAdapter(Installation)
REPOSITORY = TypeAdapter(Repository)
RULES = TypeAdapter(tuple[Rule, ...])
BRANCH = TypeAdapter(Branch)
PROTECTION = TypeAdapter(BranchProtection)
OWNERS = TypeAdapter(Owners)
HOOKS = TypeAdapter(tuple[Hook, ...])
