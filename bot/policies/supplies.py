"""What ConfigMaps and Secrets will hold: keys by name, also of Secrets that only the cluster makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, text
from bot.policies.manifests import name_of

if TYPE_CHECKING:
    from bot.policies.manifests import Manifests, Object

Keys = frozenset[str] | None  # None: not known here, because a store or another controller decides


def config_keys(manifests: Manifests) -> dict[str, Keys]:
    """The keys of every ConfigMap."""
    return {name_of(item): frozenset((*mapping(item, "data"), *mapping(item, "binaryData"))) for item in manifests.of("ConfigMap")}


def secret_keys(manifests: Manifests) -> dict[str, Keys]:
    """The keys of every Secret: those in Git, those that ExternalSecrets write, and those of Certificates."""
    found: dict[str, Keys] = {text(item, "spec", "secretName"): None for item in manifests.of("Certificate")}
    found |= {name_of(item): frozenset((*mapping(item, "data"), *mapping(item, "stringData"))) for item in manifests.of("Secret")}
    for item in manifests.of("ExternalSecret"):
        found[target_of(item)] = _written(item)
    return found


def target_of(external: Object) -> str:
    """The name of the Secret that an ExternalSecret writes."""
    return text(external, "spec", "target", "name") or name_of(external)


def _written(external: Object) -> Keys:
    """A template replaces what was fetched, unless it is told to merge."""
    fetched = frozenset(text(each, "secretKey") for each in mappings(external, "spec", "data"))
    template = mapping(external, "spec", "target", "template")
    shaped = frozenset(mapping(template, "data"))
    merges = text(template, "mergePolicy") == "Merge"
    if at(template, "templateFrom") or (at(external, "spec", "dataFrom") and (merges or not shaped)):
        return None
    return shaped | fetched if merges else shaped or fetched
