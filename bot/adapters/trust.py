"""Whom HTTPS trusts: the authorities of this machine, read once for a process, which takes tens of milliseconds."""

from __future__ import annotations

import ssl
from functools import cache

from bot.model import BotError

UNTRUSTED = (
    "its certificate must be valid for this host and signed by an authority of this machine: "
    "add its authority there, or name a file of authorities in BOT_CA_FILE_<ENV> (or for all, instead of the machine's, in SSL_CERT_FILE)"
)


@cache
def trust(authorities: str | None = None) -> ssl.SSLContext:
    """The machine's authorities, and those of a PEM text. Shared: who must add to it (requests adds its own) makes one for itself."""
    context = ssl.create_default_context()
    if authorities is not None:
        try:
            context.load_verify_locations(cadata=authorities)
        except (ssl.SSLError, ValueError) as error:
            raise BotError("BOT_CA_FILE_<ENV> holds no certificates that can be read", "put the authorities into it in PEM form") from error
    return context
