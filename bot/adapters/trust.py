"""Whom HTTPS trusts: the authorities of this machine, read once for a process, which takes tens of milliseconds."""

from __future__ import annotations

import ssl
from functools import cache

UNTRUSTED = (
    "its certificate must be valid for this host and signed by an authority of this machine: "
    "add its authority there, or name a file of authorities in SSL_CERT_FILE"
)


@cache
def trust() -> ssl.SSLContext:
    """The machine's authorities. Shared: who must add to it (requests adds its own) makes one for itself."""
    return ssl.create_default_context()
