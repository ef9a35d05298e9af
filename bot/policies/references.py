"""Whatever is referred to exists: ConfigMaps, Secrets, their keys, accounts, secret stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, text
from bot.policies.manifests import Pods, wrong
from bot.policies.nearest import instead
from bot.policies.supplies import config_keys, secret_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.supplies import Keys


@dataclass(frozen=True)
class Reference:
    """One place where a Pod names a ConfigMap or a Secret; without a key it takes all of them."""

    name: str
    key: str
    where: str


def config_maps_exist(manifests: Manifests) -> Iterator[Violation]:
    """Every ConfigMap that Pods name is rendered, with the keys that they ask for."""
    known = config_keys(manifests)
    for pods in manifests.pods:
        for each in references(pods, "configMap"):
            if each.name not in known:
                what = f"names ConfigMap {each.name}, which is not rendered: the container is not created"
                yield pods.wrong(each.where, what, hint=instead(each.name, known, "generate it with configMapGenerator"))
            elif each.key:
                yield from _key(pods, each, known[each.name], owner=f"ConfigMap {each.name}")


def secrets_exist(manifests: Manifests) -> Iterator[Violation]:
    """Every Secret that Pods name is written by an ExternalSecret, with the keys that they ask for; each is reported once."""
    known = secret_keys(manifests)
    for pods in manifests.pods:
        named = {each.name: each for each in reversed(list(references(pods, "secret")))}
        for each in (named[name] for name in sorted(named.keys() - known.keys())):
            what = f"names Secret {each.name}, which nothing here makes: the container is not created until a person makes it"
            hint = instead(each.name, known, "use the feature `secrets` of the app, or create it as the README says")
            yield pods.wrong(each.where, what, hint=hint, is_error=False)
        for each in references(pods, "secret"):
            if each.key and each.name in known:
                yield from _key(pods, each, known[each.name], owner=f"Secret {each.name}")


def scrapes_find_their_secrets(manifests: Manifests) -> Iterator[Violation]:
    """The credentials that a ServiceMonitor sends are in a Secret."""
    known = secret_keys(manifests)
    for item in manifests.of("ServiceMonitor"):
        for index, endpoint in enumerate(mappings(item, "spec", "endpoints")):
            named = mapping(endpoint, "authorization", "credentials")
            name, keys = text(named, "name"), known.get(text(named, "name"), frozenset())
            if named and keys is not None and text(named, "key") not in keys:
                what = f"asks for key {text(named, 'key')} of Secret {name}, which nothing here makes: the target is never scraped"
                where = f"spec.endpoints[{index}].authorization.credentials"
                yield wrong(
                    item, where, what, hint=instead(text(named, "key"), keys, "write it in the app's ExternalSecret"), is_error=False
                )


def accounts_exist(manifests: Manifests) -> Iterator[Violation]:
    """Every Pod runs as an account of its own that is rendered."""
    known = [text(item, "metadata", "name") for item in manifests.of("ServiceAccount")]
    for pods in manifests.pods:
        name = text(pods.spec, "serviceAccountName")
        where = f"{pods.path}.serviceAccountName"
        if not name or name == "default":
            what = "is not set: the Pod runs as `default`, whom the mesh and RBAC cannot tell from others"
            yield pods.wrong(where, what, hint=f"add a ServiceAccount for it and name it here, such as {pods.name}")
        elif name not in known:
            what = f"is {name}, which is not rendered: no Pod is created"
            yield pods.wrong(where, what, hint=instead(name, known, "add the ServiceAccount to the app's base"))


def stores_exist(manifests: Manifests) -> Iterator[Violation]:
    """Every ExternalSecret reads from a SecretStore that is rendered, and each store's account is, too."""
    stores = [text(item, "metadata", "name") for item in manifests.of("SecretStore")]
    for item in manifests.of("ExternalSecret"):
        store = mapping(item, "spec", "secretStoreRef")
        if store.get("kind", "SecretStore") == "SecretStore" and text(store, "name") not in stores:
            what = f"is {text(store, 'name') or 'not set'}, which is not rendered: the Secret is never written"
            hint = instead(text(store, "name"), stores, "use foundation's feature `secrets`, which has the store")
            yield wrong(item, "spec.secretStoreRef.name", what, hint=hint)
    for item in manifests.of("SecretStore"):
        for where, name in store_accounts(mapping(item, "spec"), "spec"):
            if manifests.named("ServiceAccount", name) is None:
                yield wrong(item, where, f"is {name}, which is not rendered: the store cannot log in", hint="add the ServiceAccount")


def secrets_are_not_in_git(manifests: Manifests) -> Iterator[Violation]:
    """No Secret with content is rendered: whoever reads the repository would have it, for ever."""
    for item in manifests.of("Secret"):
        for key in ("data", "stringData"):
            if mapping(item, key):
                what = "is in Git: everyone with access to the repository has it, and its history keeps it"
                yield wrong(item, key, what, hint="remove it, change the password, and let an ExternalSecret write the Secret")


REFERENCE_POLICIES = (
    config_maps_exist,
    secrets_exist,
    scrapes_find_their_secrets,
    accounts_exist,
    stores_exist,
    secrets_are_not_in_git,
)


def references(pods: Pods, kind: str) -> Iterator[Reference]:
    """Where Pods name a `configMap` or a `secret` that must be there."""
    for where, container in pods.containers():
        for variable in mappings(container, "env"):
            path = f"{where}.env[{variable.get('name')}].valueFrom.{kind}KeyRef"
            yield from _reference(at(variable, "valueFrom", f"{kind}KeyRef"), path)
        for index, source in enumerate(mappings(container, "envFrom")):
            yield from _reference(source.get(f"{kind}Ref"), f"{where}.envFrom[{index}].{kind}Ref")
    for volume in mappings(pods.spec, "volumes"):
        path = f"{pods.path}.volumes[{volume.get('name')}]"
        yield from _reference(volume.get(kind), f"{path}.{kind}")
        for index, source in enumerate(mappings(volume, "projected", "sources")):
            yield from _reference(source.get(kind), f"{path}.projected.sources[{index}].{kind}")
    if kind == "secret":
        for index, secret in enumerate(mappings(pods.spec, "imagePullSecrets")):
            yield from _reference(secret, f"{pods.path}.imagePullSecrets[{index}]")


def _reference(named: object, where: str) -> Iterator[Reference]:
    if not isinstance(named, dict) or named.get("optional") is True:
        return
    name = text(named, "name") or text(named, "secretName")
    keys = [text(named, "key")] if "key" in named else [text(each, "key") for each in mappings(named, "items")]
    yield from (Reference(name, key, where) for key in keys or [""])


def _key(pods: Pods, reference: Reference, keys: Keys, *, owner: str) -> Iterator[Violation]:
    if keys is not None and reference.key not in keys:
        what = f"asks for key {reference.key} of {owner}, which has {', '.join(sorted(keys)) or 'none'}: the container is not created"
        yield pods.wrong(reference.where, what, hint=instead(reference.key, keys, "write the key where it is made"))


def store_accounts(found: object, path: str) -> Iterator[tuple[str, str]]:
    """Every serviceAccountRef below a provider, whichever provider it is."""
    for key, value in mapping(found).items():
        if key == "serviceAccountRef":
            yield f"{path}.{key}.name", text(value, "name")
        else:
            yield from store_accounts(value, f"{path}.{key}")
