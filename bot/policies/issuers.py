"""Who signs what gateways serve: the issuers of a cluster, beside the Gateways of the environments that run there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.policies.fields import mapping, mappings, text, words
from bot.policies.manifests import name_of, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Object, Violation

STAGING = "staging"  # acme-staging-v02.api.letsencrypt.org, and whoever follows its example
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


def untrusted_issuers(cluster: Manifests, environments: Iterable[Manifests]) -> Iterator[Violation]:
    """Each issuer of a certificate that a Gateway serves is one whose certificates browsers take; others may be for trying."""
    served = {name for each in environments for name in _served(each)}
    issuers = (_issuer(cluster, each) for each in cluster.of("Certificate") if text(each, "spec", "secretName") in served)
    told = {(text(each, "kind"), name_of(each), text(each, "metadata", "namespace")): each for each in issuers if each}
    for item in told.values():
        acme = mapping(item, "spec", "acme")
        if server := text(acme, "server"):
            yield from (wrong(item, "spec.acme.server", what, hint=f"write {LETS_ENCRYPT}") for what in _faults(server, acme))


def _faults(server: str, acme: Object) -> Iterator[str]:
    try:
        host = urlsplit(server).hostname or ""
    except ValueError:
        host = ""
    if not server.startswith("https://") or not host:
        yield f"is {server}, which is no address over https: whoever is on the way there may answer, and no certificate can be trusted"
    elif STAGING in host and not acme.get("caBundle"):  # with its own authority, it is a server of people who know what it signs
        yield f"is {server}, whose certificates are for trying: browsers and callers refuse the hosts that Gateways serve with them"


def _served(environment: Manifests) -> Iterator[str]:
    """The Secrets that an environment's Gateways take certificates from."""
    for gateway in environment.of("Gateway"):
        for server in mappings(gateway, "spec", "servers"):
            yield from filter(None, (text(server, "tls", "credentialName"), *words(server, "tls", "credentialNames")))


def _issuer(cluster: Manifests, certificate: Object) -> Object | None:
    """Who a certificate says that it is issued by, where it is of this cluster; where it is not, that is named elsewhere."""
    issuer = mapping(certificate, "spec", "issuerRef")
    if text(issuer, "group") not in {"", "cert-manager.io"}:
        return None
    if text(issuer, "kind") == "ClusterIssuer":
        return cluster.named("ClusterIssuer", text(issuer, "name"))
    place = (text(issuer, "name"), text(certificate, "metadata", "namespace"))
    return next((each for each in cluster.of("Issuer") if (name_of(each), text(each, "metadata", "namespace")) == place), None)
