"""Issuers: who signs what a Gateway serves is trusted; who signs what none serves may be for trying."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.issuers import untrusted_issuers
from bot.policies.manifests import Manifests, Violation

LIVE, STAGING = (f"https://acme-{part}v02.api.letsencrypt.org/directory" for part in ("", "staging-"))
NAMESPACE = "istio-ingress"


def issuer(server: object, kind: str = "ClusterIssuer", **acme: str) -> dict[str, Any]:
    place = {"namespace": NAMESPACE} if kind == "Issuer" else {}
    return {"kind": kind, "metadata": {"name": "ours", **place}, "spec": {"acme": {"server": server, **acme}}}


def found(item: dict[str, Any], *, written: str = "prod-tls", group: str = "cert-manager.io", tls: Any = None) -> list[Violation]:
    reference = {"group": group, "kind": item["kind"], "name": "ours"}
    certificate = {
        "kind": "Certificate",
        "metadata": {"name": "prod", "namespace": NAMESPACE},
        "spec": {"secretName": written, "issuerRef": reference},
    }
    another = certificate | {"metadata": {"name": "another", "namespace": NAMESPACE}}
    servers = [{"tls": tls or {"credentialName": "prod-tls"}}, {"tls": {"httpsRedirect": True}}]
    gateway = {"kind": "Gateway", "metadata": {"name": "api"}, "spec": {"servers": servers}}
    environments = [Manifests(name, f"context-{name}", (gateway,)) for name in ("staging", "prod")]
    return [*untrusted_issuers(Manifests("production", "", (item, certificate, another)), environments)]


@pytest.mark.parametrize("kind", ["ClusterIssuer", "Issuer"])
@pytest.mark.parametrize(
    "server", [STAGING, LIVE.replace("https", "http"), "acme-v02.api.letsencrypt.org", "https://[", "https:///directory"]
)
def test_an_issuer_that_nobody_trusts_is_named_once(server: str, kind: str) -> None:
    assert found(issuer(LIVE, kind)) == []
    (told,) = found(issuer(server, kind))
    assert (told.kind, told.name, told.field) == (kind, "ours", "spec.acme.server")
    assert server in told.what
    assert LIVE in told.hint


def test_a_gateway_may_serve_several_certificates() -> None:
    assert len(found(issuer(STAGING), tls={"credentialNames": ["prod-rsa", "prod-tls"]})) == 1


@pytest.mark.parametrize(
    ("item", "options"),
    [
        (issuer(STAGING), {"written": "trial-tls"}),
        (issuer(STAGING), {"group": "awspca.cert-manager.io"}),
        (issuer("https://ca.staging.example.com/directory", caBundle="LS0t"), {}),
        (issuer(7), {}),
        ({"kind": "ClusterIssuer", "metadata": {"name": "ours"}, "spec": {"ca": {"secretName": "ca"}}}, {}),
        ({"kind": "ClusterIssuer", "metadata": {"name": "another"}, "spec": {"acme": {"server": STAGING}}}, {}),
    ],
    ids=["that none serves", "another program's", "of an authority of one's own", "no text", "no ACME", "that no certificate names"],
)
def test_what_may_be_is_passed_over(item: dict[str, Any], options: dict[str, str]) -> None:
    assert found(item, **options) == []
