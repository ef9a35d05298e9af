"""Small YAML files: what is text to every reader, and what is refused before it can do harm."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.model import BotError
from bot.references import TAG
from bot.simple_yaml import load_simple, readable, reads_as_text

NOT_TEXT = [
    *("1.10", "1", "017", "0o17", "0x1f", "0b1", "1e5", "1.e5", "1_000", ".5", "-1", "+1", ".inf", ".nan"),
    *("2026-11-24", "2026-11-24T10:00:00Z", "12:30:45", "1:30", "190:20:30.15"),
    *("null", "Null", "~", "true", "False", "on", "OFF", "yes", "No", "y", "N", "=", "<<"),
]
TEXT = [
    "v1.10",
    "1.4.2",
    "1.10-alpine",
    "5.26.29-enterprise",
    "1e5a",
    "2026-11-24-build",
    "nullable",
    "yesterday",
    "sha256:0a",
    "31cac889add1",
]


@pytest.mark.parametrize("value", NOT_TEXT)
def test_what_some_reader_takes_for_something_else_is_not_text(value: str) -> None:
    assert not reads_as_text(value)


@pytest.mark.parametrize("value", TEXT)
def test_a_word_is_text(value: str) -> None:
    assert reads_as_text(value)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)], ids=["YAML 1.1", "YAML 1.2"])
@given(value=st.from_regex(TAG, fullmatch=True))
def test_what_is_text_is_read_as_it_is_written(version: tuple[int, int], value: str) -> None:
    if reads_as_text(value):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version
        assert yaml.load(value) == value


REFUSED = {
    "a broken line": ("a: 1\nb: [\n", "file.yaml:3 is not YAML that can be read"),
    "a control character": ("a: 1\nb: \x07\n", r"file.yaml:2 is not YAML that can be read: it holds the character U\+0007"),
    "half a character pair": ("a: 1\nb: \ud800\n", "file.yaml"),
    "a key twice": ("a: 1\na: 2\n", "file.yaml:2 is not YAML that can be read"),
    "two documents": ("a: 1\n---\nb: 1\n", "file.yaml:2"),
    "an object of Python": ("a: !!python/object/apply:os.system [true]\n", "file.yaml:1"),
    "a key that is a mapping": ("{a: 1}: 1\n", "file.yaml"),
    "a size": ("a: " + "x" * 65536, "file.yaml cannot be read: it is larger than 64 KiB"),
    "a size in bytes": ("a: " + "漢" * 30000, "larger than 64 KiB"),
    "depth": ("[" * 21 + "]" * 21, "nests deeper than 20 levels"),
    "much depth": ("[" * 30000, "nests deeper than 20 levels"),
    "many aliases": ("a: &a [x]\nb: [" + "*a, " * 9 + "]\n", "more than 8 aliases"),
    "a date that is none": ("a: 2026-13-45\n", "file.yaml"),
    "an unknown alias": ("a: *b\n", "file.yaml:1"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_file(name: str) -> None:
    text, words = REFUSED[name]
    with pytest.raises(BotError, match=words) as refused, readable("file.yaml"):
        load_simple(text)
    assert "\n" not in refused.value.message
    assert refused.value.hint


@given(st.text(max_size=60))
def test_no_text_is_more_than_refused(text: str) -> None:
    with suppress(BotError), readable("file.yaml"):
        load_simple(text)


def test_a_file_is_its_data() -> None:
    assert load_simple("a: [1, on, '2']\nb: {c: null}\n") == {"a": [1, "on", "2"], "b": {"c": None}}
