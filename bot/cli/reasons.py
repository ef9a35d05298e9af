"""The reasons that people give: they stand in records and pull requests, so a blank one is none."""

from __future__ import annotations

from bot.model import BotError


def check_reason(option: str, reason: str | None) -> None:
    """BotError, as the command line is wrong, when an option was given a blank reason."""
    if reason is not None and not reason.strip():
        raise BotError(f"{option} is blank", "say why, in a few words: others read it before they agree", usage=True)
