"""Evidence: a judgement as canonical JSON, its digest, and what tells whether its reasons changed."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from bot.gate.outcomes import written
from bot.gate.recording import pack
from bot.model import BotError, Verdict
from bot.observations import Finding, Judgement, Observations

SCHEMA = "bot.gate/v1"
BEGINNING = '{"at":'  # of canonical JSON, which is one line
MOST_OBSERVED = 40_000  # characters: more does not fit into a comment


def to_json(judgement: Judgement, *, most: int | None = MOST_OBSERVED) -> str:
    """Canonical JSON: the same judgement is always the same text; observations of more than `most` characters are left out."""
    return _canonical(
        {
            "schema": SCHEMA,
            "verdict": judgement.verdict.name,
            "at": judgement.at.isoformat(),
            "findings": [written(finding) for finding in judgement.findings],
            "observed": _packed(judgement, most),
        }
    )


def _packed(judgement: Judgement, most: int | None) -> str | None:
    """Its observations, packed only when evidence is written: most judgements are looked at and forgotten."""
    observed = judgement.observed
    packed = pack(observed) if isinstance(observed, Observations) else observed
    return packed if packed and (most is None or len(packed) <= most) else None


def from_json(text: str) -> Judgement:
    """The judgement that the evidence records; BotError when the text is no such evidence."""
    try:
        return _judgement(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BotError("this is not evidence of the gate", f"expected JSON with schema {SCHEMA!r}") from error


def find_evidence(text: str) -> Judgement | None:
    """The first judgement that a text holds: evidence alone, or on a line of its own, as in a comment."""
    for line in text.splitlines():
        if line.startswith(BEGINNING):
            try:
                return from_json(line)
            except BotError:
                continue
    return None


def digest(text: str) -> str:
    """The SHA-256 of evidence, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def reasons_key(judgement: Judgement) -> str:
    """The same as long as the verdict and its reasons are, whatever the times and measurements in them."""
    reasons = sorted({(finding.code, finding.subject) for finding in judgement.reasons})
    return digest(_canonical([judgement.verdict.name, reasons]))


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _judgement(recorded: dict[str, Any]) -> Judgement:  # Any: JSON that anybody may have written
    if recorded["schema"] != SCHEMA:
        raise ValueError(recorded["schema"])
    findings = tuple(_read(finding) for finding in recorded["findings"])
    observed = recorded.get("observed")
    return Judgement(Verdict[recorded["verdict"]], findings, _moment(recorded["at"]), None if observed is None else _text(observed))


def _read(recorded: dict[str, Any]) -> Finding:
    facts = {_text(name): _text(value) for name, value in recorded["facts"].items()}
    if type(recorded["row"]) is not int:
        raise TypeError(recorded["row"])
    code, subject, summary = (_text(recorded[name]) for name in ("code", "subject", "summary"))
    return Finding(recorded["row"], code, Verdict[recorded["verdict"]], subject, summary, facts)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(_text(text))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
