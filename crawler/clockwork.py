"""Has the clock been set, or has the machine slept? Pure: two clocks are compared, of which one only goes forward."""

from __future__ import annotations

from datetime import datetime, timedelta

# What is drawn right step by step, and what a busy machine comes late, is less.
SLACK = timedelta(minutes=2)


class Clockwork:
    """Remembers both clocks as they were at the last look."""

    def __init__(self, now: datetime, tick: float):
        self._now, self._tick = now, tick

    def jump(self, now: datetime, tick: float) -> timedelta:
        """By how much the clock has gone forward (or back, below zero) beside the time that passed; 0 within SLACK."""
        passed, self._now, self._tick = (now - self._now, tick - self._tick), now, tick
        jump = passed[0] - timedelta(seconds=passed[1])
        return jump if abs(jump) > SLACK else timedelta()
