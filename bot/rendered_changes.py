"""The rendered diff in a pull request: whole objects in the order of their danger, then what there was no room for; pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.markdown import LONGEST_RUN, escaped, fenced, fitting, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.objects_diff import ObjectChange

TITLE = "### Rendered changes"
HEADER = 2  # lines of a diff that name its sides
FRAME = 2 * LONGEST_RUN + 300  # the fence, and the sentences around
LIST_SHARE = 6  # of the room, one part for the list of what is not shown


def rendered_changes(changes: Sequence[ObjectChange], *, room: int) -> str:
    """What differs, object by object, within so many characters; an object is shown whole or counted."""
    if not changes:
        return f"{TITLE}\n\nNone: it renders the same."
    diffs = [visible(change.diff) for change in changes]
    for_list = 0 if sum(len(diff) + 1 for diff in diffs) < room - FRAME else room // LIST_SHARE
    kept = fitting(diffs, room - FRAME - for_list)
    shown = "\n".join(diff for diff, fits in zip(diffs, kept, strict=True) if fits)
    left = [change for change, fits in zip(changes, kept, strict=True) if not fits]
    parts = [TITLE, _counted(changes), fenced(shown, "diff") if shown else "", _left_out(left, room=for_list) if left else ""]
    return "\n\n".join(part for part in parts if part)


def _counted(changes: Sequence[ObjectChange]) -> str:
    by_what = Counter(change.what for change in changes)
    told = ", ".join(f"{by_what[what]} {what}" for what in ("removed", "changed", "added") if by_what[what])
    return f"Objects: {told}. The dangerous ones come first."


def _left_out(changes: Sequence[ObjectChange], *, room: int) -> str:
    items = [f"- {escaped(_title(change))}: {change.what}, {_lines([change])}" for change in changes]
    kept = fitting(items, room)
    rest = [change for change, fits in zip(changes, kept, strict=True) if not fits]
    more = [f"- … and {len(rest)} more: {_lines(rest)}"] if rest else []
    head = "Not shown, for want of room; `--dry-run --json` of the promotion has all of it:\n"
    return "\n".join([head, *(item for item, fits in zip(items, kept, strict=True) if fits), *more])


def _title(change: ObjectChange) -> str:
    return f"{change.kind} {change.namespace}/{change.name}" if change.namespace else change.title


def _lines(changes: Iterable[ObjectChange]) -> str:
    """`+3 -1 lines`."""
    signs = Counter(line[:1] for change in changes for line in change.diff.splitlines()[HEADER:])
    return f"+{signs['+']} -{signs['-']} lines"
