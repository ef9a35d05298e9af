"""How a running sandbox ends from outside: by a signal, with everything that it started."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def leaving_nothing_behind() -> Iterator[None]:
    """A signal to end leaves the block as an error does, so that what it holds is cleaned up; a second one does not disturb that."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    heeded = [each for each in SIGNALS if before[each] is not signal.SIG_IGN]  # nohup

    def leave(number: int, _frame: FrameType | None) -> None:
        for each in heeded:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in heeded:
        signal.signal(each, leave)
    try:
        yield
    finally:
        for each in heeded:
            signal.signal(each, before[each])
