"""Jobs that back up and restore, told from others by their programs and by their labels: no single typo hides them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.policies.backup_programs import KINDS, STEPS
from bot.policies.label_selectors import NAME
from bot.policies.manifests import said_in
from bot.policies.replicas import JOBS
from bot.policies.variables import variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.backup_programs import Kind, Step, Variable
    from bot.policies.manifests import Manifests, Object, Pods, Violation

PART = "app.kubernetes.io/component"  # the label of a Pod that says which part it has: policies and Services select by it, too
PARTS = frozenset(kind.part for kind in KINDS)
NAMES = frozenset(kind.name for kind in KINDS)


@dataclass(frozen=True)
class Running:
    """A container of a backup Job: the program that it runs, None for one that is not known, and what it finds in its environment."""

    pods: Pods
    where: str
    container: Object
    step: Step | None
    values: Mapping[str, str | None]

    def value(self, name: str) -> str:
        """A variable as far as it is known here."""
        return self.values.get(name) or ""

    def wrong(self, name: str, what: str, *, hint: str) -> Violation:
        """A violation by a variable."""
        return self.pods.wrong(f"{self.where}.env[{name}]", what, hint=hint)


@dataclass(frozen=True)
class Backup:
    """A Job that backs up or restores: by its programs, or by its label alone."""

    pods: Pods
    running: tuple[Running, ...]

    @property
    def kind(self) -> Kind | None:
        """What its programs make it; None where they do not belong together."""
        steps = tuple(each.step for each in self.running)
        return next((kind for kind in KINDS if kind.steps == steps), None)

    def with_variable(self, variable: Variable) -> Iterator[Running]:
        """The containers whose program reads a variable."""
        yield from (each for each in self.running if each.step and variable in each.step.reads)


def backups(manifests: Manifests) -> Iterator[Backup]:
    """Every Job that runs a program of backups, or has one of their labels."""
    for pods in manifests.pods:
        found = tuple(
            Running(pods, where, container, _step_of(container), variables_of(manifests, container).values)
            for where, container in (pods.containers() if pods.kind in JOBS else ())
        )
        if any(each.step for each in found) or (found and _is_labelled(pods)):
            yield Backup(pods, found)


def _is_labelled(pods: Pods) -> bool:
    return pods.labels.get(PART) in PARTS or pods.labels.get(NAME) in NAMES


def _step_of(container: Object) -> Step | None:
    for word, following in pairwise((*said_in(container), "")):
        for step in STEPS:
            if word.rpartition("/")[2] == step.file and step.argument in {"", following}:
                return step
    return None
