"""Names, labels and quantities as the API server reads them, where its schemas only say "text"."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_WORD = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z")
_QUANTITY = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?\Z")
_PORT = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?\Z")


def _label_key(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    return bool(re.fullmatch(_WORD, name)) and (not slash or bool(_SUBDOMAIN.match(prefix)))


def _base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "byte": _base64,
    "config-key": lambda text: bool(re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", text)) and text != "." and not text.startswith(".."),
    "dns-label": lambda text: bool(re.fullmatch(_LABEL, text)),
    "dns-1035-label": lambda text: bool(re.fullmatch(_LABEL, text)) and text[0].isalpha(),
    "dns-subdomain": lambda text: bool(_SUBDOMAIN.match(text)),
    "label-key": _label_key,
    "label-value": lambda text: not text or bool(re.fullmatch(_WORD, text)),
    "path-segment": lambda text: text not in {"", ".", ".."} and not set(text) & set("/%"),
    "port-name": lambda text: bool(_PORT.match(text)),
    "quantity": lambda text: bool(_QUANTITY.match(text)),
}
WANTED = {  # of each format: what it is, and what is right
    "byte": ("base64 text", "encode it with base64 (a Secret takes plain text in stringData)"),
    "config-key": ("a key of a ConfigMap or Secret", "use letters, digits, `-`, `_` and `.`"),
    "date-time": ("a time", "write it as 2026-01-31T12:00:00Z, in quotes"),
    "dns-label": ("a DNS label", "use up to 63 small letters, digits and `-`, with a letter or digit at both ends"),
    "dns-1035-label": ("a DNS label that starts with a letter", "use up to 63 small letters, digits and `-`"),
    "dns-subdomain": ("a DNS name", "use small letters, digits, `-` and `.`, with a letter or digit at both ends of each part"),
    "label-key": ("a key of labels or annotations", "write `name` or `domain/name`, name up to 63 letters, digits, `-`, `_`, `.`"),
    "label-value": ("a label's value", "use up to 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends"),
    "path-segment": ("a name", "leave out `/` and `%`"),
    "port-name": ("a port's name", "use up to 15 small letters, digits and single `-`, with at least one letter"),
    "quantity": ("a quantity", "write a number, then nothing or one of m, k, M, G, T, Ki, Mi, Gi, Ti: 500m, 2Gi"),
}
NAMES = {"Namespace": "dns-label", "Service": "dns-label"} | dict.fromkeys(
    ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"), "path-segment"
)
LONGEST = {"CronJob": 52, "Job": 63}  # their Pods' names and labels are made from it
STRICT_SERVICES = {"1.35"}  # later versions let a Service's name start with a digit


def name_format(kind: str, *, kubernetes: str) -> str:
    """The format of the names of a kind's objects."""
    return "dns-1035-label" if kind == "Service" and kubernetes in STRICT_SERVICES else NAMES.get(kind, "dns-subdomain")
