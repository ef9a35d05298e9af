"""Names of an environment that its files say more than once: where one differs, that is named, and not each object that it reaches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.environment_keys import is_dns_label
from bot.model import BotError
from bot.policies.add_ons import documents_of
from bot.policies.causes import FOLDED
from bot.policies.fields import mappings, text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from bot.model import Environment

FILES = FILE, KUSTOMIZATION, SCOPE = "environment.yaml", "kustomization.yaml", "monitoring/scope.yaml"
SET_ELSEWHERE = re.compile(r"(?m)^(?:namespace|transformers):")  # by a kustomization that does, the outermost need not


@dataclass(frozen=True)
class Place:
    """Where a name is written, what else says it, and what happens where the two differ."""

    file: str  # in the environment's folder
    field: str
    read: Callable[[object], str]
    against: str
    why: str


def _namespace(document: object) -> str:
    return text(document, "namespace")


def _label(document: object) -> str:
    """The label that every object gets, where it is written once."""
    said = {text(each, "pairs", "environment") for each in mappings(document, "labels")} - {""}
    return said.pop() if len(said) == 1 else ""


def _in_scope(key: str) -> Callable[[object], str]:
    return lambda document: text(document, "data", key) if text(document, "kind") == "ConfigMap" else ""


OUTERMOST = Place(KUSTOMIZATION, "namespace", _namespace, f"{FILE} says", "Argo CD refuses all of it, or two environments share it")
ADDRESS = Place(FILE, "namespace", _namespace, "the other files say", "neither Argo CD nor the gate looks where it runs")
NAMESPACES = (
    ADDRESS,
    OUTERMOST,
    Place(
        SCOPE, "data.namespace", _in_scope("namespace"), f"{FILE} says", "its alerts and its dashboard look at what others run, or nobody"
    ),
)
NAMES = (
    Place(KUSTOMIZATION, "labels.pairs.environment", _label, "the folder is", "its alerts and dashboards do not find what it runs"),
    Place(SCOPE, "data.environment", _in_scope("environment"), "the folder is", "its alerts are another's, and the gate cannot judge it"),
)


def as_meant(environment: Environment, texts: Mapping[str, str], *, taken: Collection[str]) -> tuple[list[Problem], dict[str, str]]:
    """What is wrong with an environment's names, and the files that say them, by path, as they should be.

    Texts are by path: `FILES`, and the kustomizations of overlays; `taken` are the namespaces of other environments.
    """
    namespace = _meant(environment, texts, taken)
    found, changed = list[Problem](), dict[str, str]()
    for place, right in (*((each, namespace) for each in NAMESPACES), *((each, environment.name) for each in NAMES)):
        path = f"{environment.folder}/{place.file}"
        said = _said(place, path, texts)
        if said in {None, right} or (not said and _is_set_elsewhere(environment, texts)):
            continue
        mended = _mended(place, path, changed.get(path, texts[path]), right=right)
        changed |= {path: mended} if mended else {}
        what = f"{place.field} is {said or 'not set'}, and {place.against} {right}: {place.why}{FOLDED if mended else ''}"
        hint = f"write {right}" if place is not ADDRESS else f"write {right}; who wants another name writes it into {', '.join(FILES)}"
        found.append(Problem(path, what, hint))
    return found, changed


def _meant(environment: Environment, texts: Mapping[str, str], taken: Collection[str]) -> str:
    """The namespace of `environment.yaml`, unless the two other files agree on one that is nobody else's."""
    others = {_said(place, f"{environment.folder}/{place.file}", texts) or "" for place in NAMESPACES if place is not ADDRESS}
    agreed = others.pop()
    return agreed if not others and agreed not in taken and is_dns_label(agreed) else environment.namespace


def _said(place: Place, path: str, texts: Mapping[str, str]) -> str | None:
    """What a place says; nothing where it cannot be read or need not say it; an empty text where the outermost kustomization does not."""
    try:
        documents = documents_of(path, texts.get(path, ""))
    except BotError:
        return None  # which is named elsewhere
    said = next(filter(None, map(place.read, documents)), None)
    return said or ("" if place is OUTERMOST and documents else None)


def _is_set_elsewhere(environment: Environment, texts: Mapping[str, str]) -> bool:
    own = [each for path, each in texts.items() if path.startswith(f"{environment.folder}/") and path.endswith(f"/{KUSTOMIZATION}")]
    return any(map(SET_ELSEWHERE.search, own))


def _mended(place: Place, path: str, written: str, *, right: str) -> str | None:
    """The file with the right name; nothing where that takes more than another word, or one more line."""
    key, said = place.field.rpartition(".")[2], _said(place, path, {path: written})
    line = re.compile(rf"(?m)^(\s*{key}:[ \t]+)([\"']?){re.escape(said or '')}\2(?=[ \t]*(?:#.*)?$)")
    mended = line.sub(lambda match: match[1] + right, written) if said else f"{written.rstrip()}\n{key}: {right}\n"
    return mended if _said(place, path, {path: mended}) == right else None
