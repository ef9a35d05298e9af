"""Which changes of a render are dangerous: what loses data, cannot be applied, stops, exposes, blinds or interrupts; pure."""

from bot.risks.rate import dangerous_first, lasting_risks, risks, stateful

__all__ = ["dangerous_first", "lasting_risks", "risks", "stateful"]
