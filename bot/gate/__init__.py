"""The gate: observations in, a verdict with its evidence out; pure."""

from bot.gate.judge import judge, judgement_of, worst

__all__ = ["judge", "judgement_of", "worst"]
