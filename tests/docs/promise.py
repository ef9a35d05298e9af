"""A promise: a line of what the stack is to have, and a predicate that finds the objects that keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.docs.stack import PODS, Item, Stack, at, containers_of, name_of
from tests.manifests.renders import ROOT

Test = Callable[[Item], bool]
Find = Callable[[Iterable[Item]], list[Item]]

EVERYWHERE = frozenset({"dev", "staging", "prod"})
BEYOND_DEV = frozenset({"staging", "prod"})
DEV = frozenset({"dev"})
PROD = frozenset({"prod"})
CLUSTERS = frozenset({"nonprod", "production"})
REPOSITORY = frozenset({"repository"})


@dataclass(frozen=True)
class Promise:
    """What is promised, where it must be kept, and how to find what keeps it in one place."""

    text: str
    find: Find
    where: frozenset[str] = EVERYWHERE

    def kept(self, stack: Stack) -> dict[str, list[Item]]:
        """The objects that keep it, by place; only places where it is kept."""
        found = {place: self.find(items) for place, items in stack.places().items()}
        return {place: items for place, items in found.items() if items}


def named(kind: str, name: str, *tests: Test) -> Find:
    """The one object of a kind and name, if it is all that is wanted of it."""
    return lambda items: [item for item in items if (item["kind"], name_of(item)) == (kind, name) and all(test(item) for test in tests)]


def some(kind: str, *tests: Test, least: int = 1) -> Find:
    """The objects of a kind that are what is wanted, if there are enough of them."""
    return lambda items: _enough([item for item in items if item["kind"] == kind and all(test(item) for test in tests)], least)


def every(kinds: tuple[str, ...], *tests: Test, least: int = 1) -> Find:
    """All objects of the kinds, if every one is what is wanted and there are enough of them."""

    def find(items: Iterable[Item]) -> list[Item]:
        found = [item for item in items if item["kind"] in kinds]
        return _enough(found, least) if all(test(item) for item in found for test in tests) else []

    return find


def every_container(test: Test) -> Find:
    """All that makes Pods, if each of its containers is what is wanted."""
    return every(PODS, lambda item: all(test(container) for container in containers_of(item)))


def together(*finds: Find) -> Find:
    """What several finds find, if none of them finds nothing."""

    def find(items: Iterable[Item]) -> list[Item]:
        known = list(items)
        found = [each(known) for each in finds]
        return [item for each in found for item in each] if all(found) else []

    return find


def has(path: str, value: object) -> Test:
    """Whether a field has this value."""
    return lambda item: bool(at(item, path) == value)


def given(*paths: str) -> Test:
    """Whether fields are there and not empty."""
    return lambda item: all(at(item, path) for path in paths)


def container(test: Test) -> Test:
    """Whether one of its containers is what is wanted."""
    return lambda item: any(test(each) for each in containers_of(item))


def variables(*names: str) -> Test:
    """Whether a container sets all these variables."""
    return lambda item: set(names) <= {each["name"] for each in item.get("env", [])}


def from_secret(name: str, *keys: str) -> Test:
    """Whether a container reads these keys of a Secret."""

    def test(item: Item) -> bool:
        read = [at(each, "valueFrom.secretKeyRef") or {} for each in item.get("env", [])]
        return set(keys) <= {each.get("key") for each in read if each.get("name") == name}

    return test


def file(path: str, *words: str) -> Find:
    """A file of the repository that says these words."""
    return named("File", path, lambda item: all(word in (ROOT / item["metadata"]["name"]).read_text("utf-8") for word in words))


def _enough(found: list[Item], least: int) -> list[Item]:
    return found if len(found) >= least else []


def probed(item: Item) -> bool:
    """Whether each container that runs for good has all three probes."""
    kinds = ("startupProbe", "livenessProbe", "readinessProbe")
    return all(kind in each for each in at(item, "spec.template.spec.containers") for kind in kinds)


def claims(*names: str) -> Test:
    """Whether a StatefulSet asks for these volumes."""
    return lambda item: set(names) <= {at(each, "metadata.name") for each in at(item, "spec.volumeClaimTemplates") or []}


def serves(number: int, name: str) -> Test:
    """Whether a Service serves a port under a name that tells its protocol."""
    return lambda item: (number, name) in {(each["port"], each["name"]) for each in at(item, "spec.ports")}


def says(*words: str) -> Test:
    """Whether a ConfigMap holds all these words."""
    return lambda item: all(any(word in key or word in str(value) for key, value in (item.get("data") or {}).items()) for word in words)


def runs(*words: str) -> Test:
    """Whether a container's command line has all these words."""
    return container(lambda each: set(words) <= set(" ".join([*each.get("command", []), *each.get("args", [])]).split()))
