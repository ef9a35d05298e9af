"""Text from outside cannot do anything in Markdown, hides nothing, and fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import markdown


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain words, 1.2 (of 3)", "plain words, 1.2 (of 3)"),
        ("@team please", "@\u200bteam please"),
        ("see https://evil.example", "see https:\u200b//evil.example"),
        ("[click](x) ![image](y)", r"\[click\](x) \!\[image\](y)"),
        ("<img src=x> &amp;", r"&lt;img src=x&gt; &amp;amp;"),
        ("a | b", r"a \| b"),
        ("**bold** _it_ ~~no~~ `code`", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \`code\`"),
        ("# title\n\n- item\r\n> quote", r"\# title - item &gt; quote"),
        ("fixes #12", r"fixes \#12"),
        ("a \\ b", r"a \\ b"),
    ],
    ids=["plain", "mention", "link", "Markdown links", "HTML", "table", "emphasis", "lines", "issue", "backslash"],
)
def test_text_from_outside_is_harmless(text: str, harmless: str) -> None:
    assert markdown.escaped(text) == harmless


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    shown = markdown.escaped(text)
    assert len(shown.splitlines()) <= 1
    assert not any(sign in shown for sign in ("<", "@t", "://"))


@given(st.text(st.sampled_from("`~ \na")))
def test_a_text_cannot_leave_its_code_block(text: str) -> None:
    first, *inside, last = markdown.fenced(text, "diff").split("\n")
    assert first == f"{last}diff"
    assert not any(line.strip().startswith(last) for line in inside)
    assert len(first) < 70


def test_a_long_text_says_what_was_left_out() -> None:
    assert markdown.shortened("abc", 3) == "abc"
    assert markdown.shortened("abcdef", 3) == "abc\n… 3 characters left out"


@pytest.mark.parametrize(
    ("text", "seen"),
    [("a\u202eb", r"a\\u202eb"), ("a\u200bb", r"a\\u200bb"), ("a\x1b[2Jb", r"a\\u001b\[2Jb"), ("\U000e0041", r"\\ue0041"), ("é漢", "é漢")],
    ids=["turns the direction", "no width", "a terminal's escape", "a tag", "letters"],
)
def test_what_is_not_seen_is_written_out(text: str, seen: str) -> None:
    assert markdown.escaped(text) == seen


def test_lines_that_do_not_fit_are_counted_and_make_room_for_the_next() -> None:
    lines = ["a" * 30, "b" * 500, "c" * 30, *["d" * 30] * 20]
    shown = markdown.listed("Files", lines, room=200).split("\n")
    assert shown[:4] == ["### Files", "", "- " + "a" * 30, "- " + "c" * 30]
    assert shown[-1] == f"- … and {len(lines) - (len(shown) - 3)} more"
    assert {len(line) for line in shown[2:-1]} == {32}


def test_a_list_that_fits_is_whole_and_one_of_nothing_is_nothing() -> None:
    assert markdown.listed("Files", ["a", "b"], room=200) == "### Files\n\n- a\n- b"
    assert markdown.listed("Files", [], room=200) == ""
    assert markdown.named(["a", "b"], room=200) == "a, b"


@given(st.lists(st.text(max_size=80)), st.integers(41, 2000))
def test_what_is_kept_stays_within_its_room(texts: list[str], room: int) -> None:
    assert len("\n".join(markdown.within(texts, room, "… and {} more"))) <= room
