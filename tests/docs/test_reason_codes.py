"""The table of reason codes has every code that the gate may give."""

from __future__ import annotations

from tests.docs.markdown import rows
from tests.docs.reason_codes import reason_codes
from tests.manifests.renders import ROOT

TROUBLESHOOTING = ROOT / "docs" / "TROUBLESHOOTING.md"
HEADER = ("code", "verdict", "what it says", "what to do")


def table() -> dict[str, str]:
    return {row[0].strip("`"): row[1] for row in rows(TROUBLESHOOTING.read_text("utf-8"), HEADER)}


def test_every_code_is_in_the_table_and_no_other() -> None:
    assert table().keys() == reason_codes().keys()


def test_the_table_has_the_verdict_of_each_code() -> None:
    found = reason_codes()
    assert {code: {verdict} for code, verdict in table().items()} == found


def test_the_codes_are_those_that_are_known() -> None:
    """A look at the source that finds nothing would prove nothing."""
    found = reason_codes()
    assert found["alert-firing"] == {"FAIL"}
    assert found["soak-not-over"] == {"HOLD"}
    assert found["rule-stale"] == found["prometheus-tls"] == found["rule-unreadable"] == {"UNKNOWN"}
    assert found["conflict"] == found["release-contents"] == {"FAIL"}


def test_a_symptom_of_the_bot_is_what_the_bot_says() -> None:
    source = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "bot").rglob("*.py")))
    text = TROUBLESHOOTING.read_text("utf-8").partition("## The bot")[2].partition("### Reason codes")[0]
    for symptom, *_ in rows(text, ("symptom", "check", "cause", "fix")):
        for words in symptom.split("`")[1::2]:
            assert all(part.strip() in source for part in words.split("…")), words
