"""Policies of Gateways: TLS with a certificate from outside Git, versions that are safe, hosts of this environment."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bot.policies.fields import at, indexed, mapping, sequence, text, words
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Object, Violation

SAFE_VERSIONS = frozenset({"TLSV1_2", "TLSV1_3"})
FILES = ("serverCertificate", "privateKey", "caCertificates")


def _servers(manifests: Manifests) -> Iterator[tuple[Object, str, Object]]:
    for gateway in manifests.of("Gateway"):
        for index, server in indexed(gateway, "spec", "servers"):
            yield gateway, f"spec.servers[{index}]", server


def _encrypts(server: Object) -> bool:
    return text(server, "port", "protocol").upper() in {"HTTPS", "TLS"}


def plain_text_is_redirected(manifests: Manifests) -> Iterator[Violation]:
    """A server without TLS does nothing but redirect."""
    for gateway, where, server in _servers(manifests):
        if not _encrypts(server) and at(server, "tls", "httpsRedirect") is not True:
            what = "serves without TLS: passwords and tokens cross the internet in plain text"
            yield wrong(gateway, f"{where}.tls.httpsRedirect", what, hint="write httpsRedirect: true, or remove the server")


def certificates_come_from_secrets(manifests: Manifests) -> Iterator[Violation]:
    """The certificate is a Secret of the gateway's namespace, made by cert-manager."""
    for gateway, where, server in _servers(manifests):
        tls = mapping(server, "tls")
        if not _encrypts(server) or text(tls, "mode") == "PASSTHROUGH":
            continue
        if not text(tls, "credentialName") and not sequence(tls, "credentialNames"):
            what = "names no certificate: the server does not start"
            hint = "set credentialName to the secretName of a Certificate in the gateway's namespace"
            yield wrong(gateway, f"{where}.tls.credentialName", what, hint=hint)
        for key in FILES:
            if text(tls, key):
                what = "names a file in the gateway's Pod, which nothing puts there or renews"
                yield wrong(gateway, f"{where}.tls.{key}", what, hint="use credentialName")


def versions_are_safe(manifests: Manifests) -> Iterator[Violation]:
    """TLS 1.2 at least, said openly."""
    for gateway, where, server in _servers(manifests):
        version = text(server, "tls", "minProtocolVersion")
        if _encrypts(server) and version not in SAFE_VERSIONS:
            what = f"{version or 'is not set: the oldest version'} is left to defaults" if not version else f"{version} can be broken"
            yield wrong(gateway, f"{where}.tls.minProtocolVersion", what, hint="write TLSV1_2")


def ciphers_fit_every_certificate(manifests: Manifests) -> Iterator[Violation]:
    """A list of RSA ciphers alone breaks with an ECDSA certificate."""
    for gateway, where, server in _servers(manifests):
        ciphers = words(server, "tls", "cipherSuites")
        if ciphers and not any("ECDSA" in cipher for cipher in ciphers):
            what = "allows RSA alone: with an ECDSA certificate, which cert-manager may issue, no client connects"
            yield wrong(gateway, f"{where}.tls.cipherSuites", what, hint="remove the list: the defaults are safe")


def hosts_are_specific(manifests: Manifests) -> Iterator[Violation]:
    """A gateway serves the hosts of its environment, by name."""
    for gateway, where, server in _servers(manifests):
        for index, host in enumerate(words(server, "hosts")):
            if "*" in host.rpartition("/")[2]:
                what = f"{host} takes other environments' and other teams' hosts, too"
                yield wrong(gateway, f"{where}.hosts[{index}]", what, hint="name the environment's host in full")


def the_gateway_is_selected(manifests: Manifests) -> Iterator[Violation]:
    """A Gateway is for gateway Pods, never for all Pods."""
    for gateway in manifests.of("Gateway"):
        if not mapping(gateway, "spec", "selector"):
            what = "selects no gateway Pods: its servers open on every sidecar that may read it, or nowhere"
            yield wrong(gateway, "spec.selector", what, hint="select istio: ingressgateway")


def shared_hosts(environments: Iterable[Manifests]) -> Iterator[tuple[str, Violation]]:
    """Hosts of several environments, each with its environment: a name leads to one place, on whatever cluster."""
    users: dict[str, dict[str, tuple[Object, str]]] = defaultdict(dict)
    for manifests in environments:
        for gateway, where, server in _servers(manifests):
            for index, host in enumerate(words(server, "hosts")):
                users[host.rpartition("/")[2]].setdefault(manifests.environment, (gateway, f"{where}.hosts[{index}]"))
    for host, here in users.items():
        for name, (gateway, where) in here.items() if len(here) > 1 else ():
            others = ", ".join(sorted(here.keys() - {name}))
            what = f"{host} is served by {name}, and by {others}, too: callers of one get the data of another"
            yield name, wrong(gateway, where, what, hint="give each a host of its own: environments/NAME/context-api/hosts.yaml")


GATEWAY_POLICIES = (
    plain_text_is_redirected,
    certificates_come_from_secrets,
    versions_are_safe,
    ciphers_fit_every_certificate,
    hosts_are_specific,
    the_gateway_is_selected,
)
