"""Doctor as people run it, and the faults that sync, status and doctor all name with the remedy."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.adapters.argocd import open_argocd
from bot.model import ArgoCDAddress, UnobservableError
from bot.observations import Operation, ResourceFault
from bot.sandbox.argocd_state import terminate
from bot.sandbox.serving import Fault
from bot.workflows.doctor_argocd import unknown_kinds
from tests.bot.test_sync_waiting import PROD, WELL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bot.conftest import Town

FILE = "environments/dev/environment.yaml"


@contextmanager
def self_signed(folder: Path) -> Iterator[str]:
    """A server on loopback whose certificate nobody has signed but itself; its URL."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_self_signed_certificate_is_named_with_the_remedy(tmp_path: Path) -> None:
    with self_signed(tmp_path) as url, pytest.raises(UnobservableError, match=r"cannot be trusted.*self-signed certificate") as refused:
        open_argocd(ArgoCDAddress(url, "p", "a"), token="sesame", timeout=5).application()
    assert refused.value.code == "argocd-tls"
    assert "SSL_CERT_FILE" in refused.value.hint


KINDS = {
    "no such group": ("PrometheusRule", "the server could not find the requested resource", True),
    "no such kind": ("VirtualService", 'VirtualService.networking.istio.io "" not found', True),
    "no match": ("Gateway", 'no matches for kind "Gateway" in version "gateway.networking.k8s.io/v1"', True),
    "another fault": ("Deployment", "field is immutable", False),
    "an object that is not found": ("ConfigMap", 'configmaps "settings" not found', False),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_kind_that_the_cluster_does_not_know_is_named(case: str) -> None:
    kind, message, is_named = KINDS[case]
    operation = Operation("Failed", "", None, None, None, (ResourceFault(kind, "x", "SyncFailed", message),))
    app = type(WELL)(**{**vars(WELL), "operation": operation})
    assert [kind in check.what and "CRD" in check.fix for check in unknown_kinds(app, PROD)] == [True] * is_named


def everywhere(town: Town, what: str, remedy: str) -> None:
    """What is wrong and its remedy are in what sync, status and doctor say of dev."""
    for words in (("sync", "dev", "--dry-run"), ("status",), ("doctor", "dev")):
        code, out, err = town.say(*words)
        told = " ".join(f"{out} {err}".split())
        assert what in told, (words, told)
        assert remedy in told, (words, told)
        assert "Traceback" not in told
        assert "sesame" not in told
        is_fine = words == ("status",) or (words[0] == "sync" and "tested" in what)
        assert code == (0 if is_fine else 1), (words, told)


def test_what_is_wrong_with_argo_cd_is_named_by_sync_status_and_doctor(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    argocd, token = town.sandbox.argocd, town.sandbox.folder / "argocd-token-dev"
    good, text = token.read_text(), town.git("show", f"main:{FILE}") + "\n"
    argocd.stop_following()  # so that sync has something to wait for
    town.push({FILE: f"{text}# changed\n"})
    for version, word in (("v2.9.1+x", "older than tested"), ("v9.0.0+x", "newer than tested")):
        argocd.version = version
        everywhere(town, word, "or run a tested version")
    argocd.version = "v3.2.11+x"
    argocd.switch("dev", "sources", on=True)
    everywhere(town, "context-dev has 2 sources", "give it one `source`")
    argocd.switch("dev", "sources", on=False)
    token.write_text("sesame\n")
    everywhere(town, "invalid session", "argocd proj role create-token")
    token.write_text(f"{good.partition('@')[0]}@context-gone\n")
    everywhere(town, '"context-gone" not found', "apply `argocd/projects`")
    token.write_text(good)
    town.push({FILE: text.replace("application: context-dev", "application: context-lost")})
    everywhere(town, "no Application context-lost", "is its ApplicationSet applied")
    with self_signed(tmp_path) as url:
        monkeypatch.setenv("BOT_ARGOCD_HOST_DEV", url.removeprefix("https://"))
        town.push({FILE: text.replace(town.sandbox.argocd_server.url, url)})
        everywhere(town, "cannot be trusted", "SSL_CERT_FILE")


def test_doctor_looks_at_everything_and_writes_nothing(town: Town) -> None:
    before = town.writes()
    found = town.bot("doctor")
    checks = found.result["checks"]
    assert (found.code, found.outcome, found.result["problem"]) == (1, "problems", 4)  # of the forge: main is not protected
    assert {check["place"] for check in checks if check["state"] == "problem"} == {"forge"}
    assert {check["place"] for check in checks} == {"machine", "repository", "forge", "dev", "staging", "prod"}
    assert all(check["fix"] for check in checks if check["state"] != "ok")
    fine = [check["what"] for check in checks if (check["place"], check["state"]) == ("prod", "ok")]
    for words in ("a tested version", "proj:context-prod:bot", "may get", "may sync", "the project context-prod exists", "one source"):
        assert any(words in what for what in fine), words
    for words in (
        "is a Prometheus, version",
        "39 alert rules",
        "every required rule is loaded",
        "the watchdog",
        "every required job has targets",
    ):
        assert any(words in what for what in fine), words
    assert town.writes() == before
    again = town.bot("doctor", "dev", "moon")
    assert (again.code, "moon" in again.document["error"]["message"]) == (2, True)
    text = town.git("show", f"main:{FILE}") + "\n"
    town.push({FILE: text.replace(town.sandbox.monitoring.prometheus["dev"].url, "http://127.0.0.1:9")})
    (silent,) = (check for check in town.bot("doctor", "dev").result["checks"] if (check["place"], check["state"]) == ("dev", "problem"))
    assert "http://127.0.0.1:9 cannot be reached" in silent["what"]
    assert "check that it runs" in silent["fix"]


def test_an_environment_that_is_not_live_is_looked_at_when_it_is_named(town: Town) -> None:
    path = "environments/prod/environment.yaml"
    lines = [line for line in town.git("show", f"main:{path}").splitlines() if not line.startswith("live:")]
    town.push({path: "\n".join([*lines, "live: false", ""])})
    unnamed, named = (town.bot("doctor", *words).result["checks"] for words in ((), ("prod",)))
    assert [check["state"] for check in unnamed if check["place"] == "prod"] == ["warning"]
    assert len([check for check in named if check["place"] == "prod"]) > 10
    assert {check["place"] for check in named} == {"machine", "repository", "forge", "prod"}


def test_sync_survives_a_restart_of_argo_cd_and_follows_main_when_it_moves(town: Town) -> None:
    """What it waited for never comes once a newer commit has replaced it."""
    text = town.git("show", f"main:{FILE}") + "\n"
    town.sandbox.argocd.hang("dev", on=True)
    path = "environments/dev/context-api/settings.env"
    settings = town.git("show", f"main:{path}")
    town.push({FILE: f"{text}# one\n", path: f"{settings}\nLOG_FORMAT=one\n"})
    town.sandbox.argocd.look()

    def meanwhile() -> None:
        town.sandbox.argocd_server.observed.faults.append(Fault("GET", "/api/v1/applications/context-dev", times=5, status=503))
        town.push({FILE: f"{text}# two\n", path: f"{settings}\nLOG_FORMAT=two\n"})
        town.sandbox.argocd.hang("dev", on=False)
        terminate(town.sandbox.argocd.find("context-dev") or pytest.fail("it is gone"), datetime.now(UTC))

    timer = threading.Timer(2, meanwhile)
    timer.start()
    done = town.bot("sync", "dev", "--timeout", "90")
    timer.join()
    assert (done.code, done.outcome) == (0, "synced"), done
    assert done.result["revision"] == town.git("rev-parse", "main")
    assert "waiting for the running operation" in done.stderr
    assert "waiting for Argo CD: " in done.stderr
