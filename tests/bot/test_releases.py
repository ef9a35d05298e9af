"""Records and holds: exactly these lines, read back strictly, whatever people wrote."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.holds import hold_text, parse_hold
from bot.model import BotError, Freeze, Hold, Image, Origin, Record
from bot.references import TAG
from bot.releases import parse_record, record_text, version_of

FILE = "environments/prod/release/context-api.yaml"
HOLD_FILE = "environments/prod/holds/quarantine-context-api-31cac889add1.yaml"
TREE, COMMIT, DIGEST = "31cac889add1daeede55df305f326e862ce828ca", "338e9ef1cb459380e44d9fbad26d04ac7738709b", "sha256:" + "0a" * 32
RECORD = Record(TREE, "v1.4.2", Origin("staging", COMMIT), 17)
TEXT = f"tree: {TREE}\nversion: v1.4.2\nfrom: staging@{COMMIT}\nnumber: 17\n"
HOLD = Hold(
    "quarantine-context-api-31cac889add1",
    "prod",
    "context-api",
    TREE,
    (DIGEST,),
    "Ada <ada@example.com>",
    "2026-11-24T10:00:00Z",
    "it leaks",
)
HOLD_TEXT = f"""kind: quarantine
app: "context-api"
tree: "{TREE}"
digests: ["{DIGEST}"]
who: "Ada <ada@example.com>"
when: "2026-11-24T10:00:00Z"
why: "it leaks"
"""
shas = st.integers(0, 16**40 - 1).map(lambda number: f"{number:040x}")
places = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
records = st.builds(Record, shas, st.from_regex(TAG, fullmatch=True), st.builds(Origin, places, shas), st.integers(1, 10**9))
words = st.text(max_size=200)
holds = st.builds(
    lambda digests, who, why: replace(HOLD, digests=tuple(digests), who=who, why=why),
    st.lists(st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}"), max_size=3), words, words,
)  # fmt: skip


def test_a_record_is_four_lines() -> None:
    assert record_text(RECORD) == TEXT
    assert parse_record(TEXT, file=FILE) == RECORD


@pytest.mark.parametrize("tree", ["1" * 40, "0" * 39 + "1", "1" * 20 + "e" + "1" * 19], ids=["digits", "zeros", "exponent"])
def test_a_tree_that_looks_like_a_number_is_quoted(tree: str) -> None:
    record = replace(RECORD, tree=tree, version="1.10")
    assert record_text(record).startswith(f'tree: "{tree}"\nversion: "1.10"\n')
    assert parse_record(record_text(record), file=FILE) == record


@given(records)
def test_every_record_is_read_back(record: Record) -> None:
    assert parse_record(record_text(record), file=FILE) == record


RECORDS_REFUSED = {
    "nothing": ("", "not a mapping"),
    "a list": ("- a\n", "not a mapping"),
    "not YAML": ("tree: [\n", "not YAML"),
    "an unknown key": (f"{TEXT}note: hello\n", "unknown key 'note'"),
    "a missing key": (TEXT.replace("number: 17\n", ""), "number is missing"),
    "a short tree": (TEXT.replace(TREE, TREE[:39]), "tree is not"),
    "a tree in capitals": (TEXT.replace(TREE, TREE.upper()), "tree is not"),
    "a tree that is a number": (TEXT.replace(TREE, "1" * 40), "tree is not text"),
    "a wrong version": (TEXT.replace("v1.4.2", "'v 1'"), "version is not"),
    "a version that is a number": (TEXT.replace("v1.4.2", "1.10"), "version is not text"),
    "a version that is a date": (TEXT.replace("v1.4.2", "2026-11-24"), "version is not text"),
    "no place": (TEXT.replace(f"staging@{COMMIT}", f"'@{COMMIT}'"), "from is not"),
    "no commit": (TEXT.replace(f"@{COMMIT}", ""), "from is not"),
    "a short commit": (TEXT.replace(COMMIT, COMMIT[:12]), "from is not"),
    "a place with a path": (TEXT.replace("staging@", "../staging@"), "from is not"),
    "zero": (TEXT.replace("17", "0"), "number is not"),
    "below zero": (TEXT.replace("17", "-1"), "number is not"),
    "a fraction": (TEXT.replace("17", "1.5"), "number is not"),
    "a truth": (TEXT.replace("17", "true"), "number is not"),
    "a word": (TEXT.replace("17", "'17'"), "number is not"),
    "conflict marks": (f"<<<<<<< ours\n{TEXT}", FILE),
}


@pytest.mark.parametrize("name", RECORDS_REFUSED)
def test_a_record_that_bot_did_not_write_is_refused(name: str) -> None:
    text, problem = RECORDS_REFUSED[name]
    with pytest.raises(BotError) as refused:
        parse_record(text, file=FILE)
    assert problem in refused.value.message
    assert refused.value.message.startswith(FILE)
    assert refused.value.hint


def test_a_version_is_the_first_images_tag_or_the_tree() -> None:
    assert version_of([Image("a", "v1", DIGEST), Image("b", "v2")], TREE) == "v1"
    assert version_of([], TREE) == TREE[:12]


def test_a_hold_is_seven_lines() -> None:
    assert hold_text(HOLD) == HOLD_TEXT
    assert parse_hold(HOLD_TEXT, file=HOLD_FILE) == HOLD


@given(holds)
def test_every_hold_is_read_back_whatever_people_wrote(hold: Hold) -> None:
    text = hold_text(hold)
    assert parse_hold(text, file=HOLD_FILE) == hold
    assert text.count("\n") == len(text.splitlines()) == 7
    assert text.isprintable() or set(text) >= {"\n"}


HOLDS_REFUSED = {
    "another kind": (HOLD_TEXT.replace("quarantine", "frozen", 1), "kind is not"),
    "a freeze": (HOLD_TEXT.replace("quarantine", "freeze", 1), "unknown key 'app'"),
    "an unknown key": (f"{HOLD_TEXT}until: tomorrow\n", "unknown key 'until'"),
    "a missing key": (HOLD_TEXT.replace('why: "it leaks"\n', ""), "why is missing"),
    "an app that is a path": (HOLD_TEXT.replace('"context-api"', '"../x"'), "app is not"),
    "a short tree": (HOLD_TEXT.replace(TREE, TREE[:12]), "tree is not"),
    "digests that are no list": (HOLD_TEXT.replace(f'["{DIGEST}"]', f'"{DIGEST}"'), "digests is not"),
    "a digest that is none": (HOLD_TEXT.replace(DIGEST, "sha256:1"), "digests is not"),
    "a moment without a zone": (HOLD_TEXT.replace("10:00:00Z", "10:00:00"), "when is not"),
    "a moment of another zone": (HOLD_TEXT.replace("10:00:00Z", "10:00:00+02:00"), "when is not"),
    "a moment that is none": (HOLD_TEXT.replace("2026-11-24T10:00:00Z", "yesterday"), "when is not"),
    "who is a number": (HOLD_TEXT.replace('"Ada <ada@example.com>"', "7"), "who is not text"),
}


@pytest.mark.parametrize("name", HOLDS_REFUSED)
def test_a_hold_that_bot_did_not_write_is_refused(name: str) -> None:
    text, problem = HOLDS_REFUSED[name]
    with pytest.raises(BotError) as refused:
        parse_hold(text, file=HOLD_FILE)
    assert problem in refused.value.message
    assert refused.value.message.startswith(HOLD_FILE)


@pytest.mark.parametrize(
    "file", ["environments/prod/holds.yaml", "holds/x.yaml", "environments/prod/holds/x/y.yaml", "environments/prod/holds/x.txt"]
)
def test_a_hold_lies_with_its_environment(file: str) -> None:
    with pytest.raises(BotError, match="not where a hold lies"):
        parse_hold(HOLD_TEXT, file=file)


def test_a_reason_that_would_make_the_hold_unreadable_is_refused() -> None:
    assert parse_hold(hold_text(replace(HOLD, who="🚀" * 2000, why="\x00" * 2000)), file=HOLD_FILE).why == "\x00" * 2000
    with pytest.raises(BotError, match="longer than 2000 characters") as refused:
        hold_text(replace(HOLD, why="x" * 2001))
    assert refused.value.usage


FREEZE = Freeze("freeze-1a2b3c4d", "prod", ("context-api", "qdrant"), "2026-12-24T17:00:00Z", "Ada", "2026-11-24T10:00:00Z", 'audit: "all"')
FREEZE_FILE = "environments/prod/holds/freeze-1a2b3c4d.yaml"


@pytest.mark.parametrize("freeze", [FREEZE, replace(FREEZE, apps=(), until=None)], ids=["some apps", "everything until lifted"])
def test_a_freeze_is_read_back(freeze: Freeze) -> None:
    assert parse_hold(hold_text(freeze), file=FREEZE_FILE) == freeze


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kind: freeze", "kind: frozen"),
        ("kind: freeze", "kind: freeze # for ever"),
        ('"2026-12-24T17:00:00Z"', '"2026-12-24"'),
        ('"2026-12-24T17:00:00Z"', '"2026-12-24T17:00:00+01:00"'),
        ('"2026-12-24T17:00:00Z"', '""'),
        ('["context-api", "qdrant"]', '"context-api"'),
        ('["context-api", "qdrant"]', '["Context"]'),
        ("until:", "Until:"),
        ("why:", "digests: []\nwhy:"),
    ],
)
def test_a_freeze_that_bot_did_not_write_is_unreadable(before: str, after: str) -> None:
    text = hold_text(FREEZE)
    assert before in text
    with pytest.raises(BotError, match=FREEZE_FILE):
        parse_hold(text.replace(before, after), file=FREEZE_FILE)
