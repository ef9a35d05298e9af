"""Amounts of cpu, memory and storage as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal

WRITTEN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?")
UNITS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate(("", "k", "M", "G", "T", "P", "E"))},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
}


def quantity(written: object) -> Decimal | None:
    """The amount that 500m, 1.5Gi, 2 or 1e3 stands for; None where it is none."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    found = WRITTEN.fullmatch(str(written))
    if found is None:
        return None
    number, unit, exponent = found.groups()
    return Decimal(number) * UNITS[unit or ""] * Decimal(10) ** int(exponent or 0)
