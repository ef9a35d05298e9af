"""The gate: observations in, a verdict with its evidence out; pure."""

from bot.gate.judge import judge, worst

__all__ = ["judge", "worst"]
