"""The programs that the stack serves with: which container runs which image, and what it finds in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.policies.fields import number
from bot.policies.images import Image, image_of
from bot.policies.variables import Variables, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.contracts import Contract
    from bot.policies.manifests import Manifests, Object, Pods, Violation

SERVERS = ("Deployment", "StatefulSet")


@dataclass(frozen=True)
class Program:
    """A container that serves for good, with an image that is known here."""

    pods: Pods
    where: str
    container: Object
    image: Image
    variables: Variables

    @property
    def members(self) -> int:
        """How many Pods run it."""
        return number(self.pods.owner, "spec", "replicas", default=1)

    def value(self, name: str) -> str:
        """A variable as far as it is known here."""
        return self.variables.values.get(name) or ""

    def place(self, name: str) -> str:
        """Where a variable is or should be written."""
        return f"{self.where}.env[{name}]"

    def wrong(self, name: str, what: str, *, hint: str, is_error: bool = True) -> Violation:
        """A violation by a variable."""
        return self.pods.wrong(self.place(name), what, hint=hint, is_error=is_error)


def programs(manifests: Manifests, contract: Contract) -> Iterator[Program]:
    """Containers that run a contract's image; Jobs and init containers run other programs of it."""
    for pods, where, container in manifests.containers():
        image = image_of(container)
        if pods.kind in SERVERS and where.startswith(f"{pods.path}.containers") and image.is_named(contract.image):
            yield Program(pods, where, container, image, variables_of(manifests, container))
