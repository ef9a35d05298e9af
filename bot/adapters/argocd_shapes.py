"""The shapes of Argo CD's replies, as far as they are read; Go leaves out or writes null for what is empty."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter

Time = AwareDatetime | None
Texts = tuple[str, ...] | None


@dataclass(frozen=True)
class Health:
    """Of an Application, a resource or a node of the tree; without status before it was ever judged."""

    status: str = ""
    message: str = ""
    since: Annotated[Time, Field(alias="lastTransitionTime")] = None


@dataclass(frozen=True)
class Sync:
    """`status.sync`: empty before the first comparison."""

    status: str
    revision: str = ""


@dataclass(frozen=True)
class Source:
    """A source of an Application."""

    repository: Annotated[str, Field(alias="repoURL")] = ""
    path: str = ""
    target_revision: Annotated[str, Field(alias="targetRevision")] = ""


@dataclass(frozen=True)
class Automated:
    """`spec.syncPolicy.automated`: that it is there turns it on, unless it says `enabled: false` (since 3.1)."""

    enabled: bool | None = None


@dataclass(frozen=True)
class SyncPolicy:
    """`spec.syncPolicy`."""

    automated: Automated | None = None


@dataclass(frozen=True)
class Spec:
    """What an Application follows: one source, or a list of them."""

    source: Source | None = None
    sources: tuple[Source, ...] | None = None
    sync_policy: Annotated[SyncPolicy | None, Field(alias="syncPolicy")] = None


@dataclass(frozen=True)
class Revision:
    """The commit of a sync that was asked for."""

    revision: str = ""


@dataclass(frozen=True)
class Applied:
    """What a sync did with one resource; a hook has a phase and no status."""

    kind: str = ""
    name: str = ""
    status: str = ""
    phase: Annotated[str, Field(alias="hookPhase")] = ""
    message: str = ""


@dataclass(frozen=True)
class SyncResult:
    """The commit that a sync reached, and what it did there."""

    revision: str = ""
    resources: tuple[Applied, ...] | None = None


@dataclass(frozen=True)
class Asked:
    """An operation that was asked for."""

    sync: Revision | None = None


@dataclass(frozen=True)
class OperationState:
    """`status.operationState`."""

    phase: str
    operation: Asked = field(default_factory=Asked)
    message: str = ""
    started: Annotated[Time, Field(alias="startedAt")] = None
    finished: Annotated[Time, Field(alias="finishedAt")] = None
    result: Annotated[SyncResult | None, Field(alias="syncResult")] = None


@dataclass(frozen=True)
class HistoryEntry:
    """One of `status.history`."""

    deployed: Annotated[AwareDatetime, Field(alias="deployedAt")]
    revision: str = ""


@dataclass(frozen=True)
class Condition:
    """One of `status.conditions`."""

    type: str
    message: str = ""


@dataclass(frozen=True)
class Resource:
    """One of `status.resources`; hooks have no sync status, and since 3.0 health is told by the tree alone."""

    kind: str
    name: str
    status: str = ""
    health: Health | None = None


@dataclass(frozen=True)
class Status:
    """`status`."""

    sync: Sync
    health: Health
    reconciled: Annotated[Time, Field(alias="reconciledAt")] = None
    operation: Annotated[OperationState | None, Field(alias="operationState")] = None
    history: tuple[HistoryEntry, ...] | None = None
    conditions: tuple[Condition, ...] | None = None
    resources: tuple[Resource, ...] | None = None


@dataclass(frozen=True)
class Metadata:
    """`metadata`."""

    name: str


@dataclass(frozen=True)
class Application:
    """Of GET /applications/{name}; `operation` is what was asked for and has not ended."""

    metadata: Metadata
    spec: Spec
    status: Status
    operation: Asked | None = None


@dataclass(frozen=True)
class Reference:
    """What identifies a node, and its parents."""

    kind: str
    name: str
    group: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class Node(Reference):
    """One of the resource tree."""

    parents: Annotated[tuple[Reference, ...] | None, Field(alias="parentRefs")] = None
    images: Texts = None
    health: Health | None = None


@dataclass(frozen=True)
class Tree:
    """Of GET /applications/{name}/resource-tree."""

    nodes: tuple[Node, ...] | None = None


@dataclass(frozen=True)
class Done:
    """Of a write: an object whose content is not read."""


APPLICATION = TypeAdapter(Application)
TREE = TypeAdapter(Tree)
DONE = TypeAdapter(Done)
