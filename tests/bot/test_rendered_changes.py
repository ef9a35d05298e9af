"""The rendered diff in a pull request: whole objects in their order, what there is no room for counted, nothing cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.objects_diff import ObjectChange
from bot.rendered_changes import rendered_changes


def change(name: str, lines: int, what: str = "changed") -> ObjectChange:
    diff = "\n".join(
        [f"--- ConfigMap prod/{name} (before)", f"+++ ConfigMap prod/{name} (after)", *[f"+{name}: {n:040}" for n in range(lines)]]
    )
    return ObjectChange("ConfigMap", name, "prod", what, diff, {}, {})


def test_what_does_not_fit_is_counted_and_makes_room_for_what_does() -> None:
    text = rendered_changes([change("a", 2), change("b", 500, "added"), change("c", 3, "removed")], room=4000)
    before, _, after = text.partition("```diff")
    shown, _, left = after.partition("\n```")
    assert before == "### Rendered changes\n\nObjects: 1 removed, 1 changed, 1 added. The dangerous ones come first.\n\n"
    assert [line for line in shown.splitlines() if line.startswith("+++")] == [
        "+++ ConfigMap prod/a (after)",
        "+++ ConfigMap prod/c (after)",
    ]
    assert left.splitlines()[-1] == "- ConfigMap prod/b: added, +500 -0 lines"


def test_many_that_do_not_fit_are_counted_together() -> None:
    text = rendered_changes([change(f"n{number:03}", 100) for number in range(200)], room=3000)
    *listed, rest = [line for line in text.splitlines() if line.startswith("- ")]
    assert listed[0] == "- ConfigMap prod/n000: changed, +100 -0 lines"
    assert rest == f"- … and {200 - len(listed)} more: +{(200 - len(listed)) * 100} -0 lines"
    assert "```" not in text


def test_nothing_that_differs_is_said_to_be_nothing() -> None:
    assert rendered_changes([], room=1000) == "### Rendered changes\n\nNone: it renders the same."


def test_a_sign_that_turns_text_around_is_seen() -> None:
    turned = ObjectChange("ConfigMap", "a", "prod", "changed", "--- a\n+++ b\n+x: \u202eeurt", {}, {})
    assert "+x: \\u202eeurt" in rendered_changes([turned], room=1000)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40), st.integers(1000, 40_000))
def test_it_stays_within_its_room_and_cuts_no_object(sizes: list[int], room: int) -> None:
    changes = [change(f"n{number}", size) for number, size in enumerate(sizes)]
    text = rendered_changes(changes, room=room)
    assert len(text) <= room
    shown = [each for each in changes if each.diff in text]
    lines = [line for line in text.splitlines() if line.startswith(("+", "---"))]
    assert lines == [line for each in shown for line in each.diff.splitlines()]
    counted = [line for line in text.splitlines() if line.startswith("- ConfigMap")]
    assert len(shown) + len(counted) == len(changes) or "… and" in text
