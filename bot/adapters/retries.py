"""Asking again: a few times, ever later, and never beyond the deadline of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tenacity

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = 3


def retrying(may_pass: Callable[[BaseException], bool], *, seconds: float | None = None) -> tenacity.Retrying:
    """Repeats what fails in a way that may pass; `seconds` is the deadline of all attempts together, and the last error is raised."""
    tries = tenacity.stop_after_attempt(ATTEMPTS)
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(may_pass),
        stop=tries if seconds is None else tries | tenacity.stop_before_delay(seconds),
        wait=tenacity.wait_exponential(multiplier=0.1, max=2),
        reraise=True,
    )
