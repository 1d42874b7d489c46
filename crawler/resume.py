"""What a daemon goes on from: how the last one ended, what is due, and which chore was cut off."""

from __future__ import annotations

from datetime import datetime

from crawler.screen import counted, moment, span
from crawler.tally import Notice
from storage import chores, setback, watch
from storage.lock import Holder
from storage.store import Store


def resumed(store: Store, killed: Holder | None, now: datetime) -> Notice | None:
    """What there is to say at a start; None for a new database. `killed` is who held it last and did not end well."""
    last = setback.last_moment(store.db)
    if last is None:
        return None
    parts = [f"last written {moment(last)}" + (f", {span(now - last)} ago" if last < now else "")]
    if killed:
        parts.insert(0, f"{killed} was killed".replace(",,", ","))
    waiting = watch.due(store.db, now)
    if waiting:
        hosts = counted(len(waiting), "host")
        parts.append(f"{counted(sum(waiting.values()), 'address', 'addresses')} due at {hosts}")
    cut = [each.name for each in chores.known(store.db).values() if each.ended_at is None]
    if cut:
        parts.append(f"{' and '.join(cut)} cut off, to be done again")
    lost = "; nothing that was stored is lost" if killed else ""
    return Notice("resume", f"Going on: {'; '.join(parts)}{lost}.", is_trouble=killed is not None)
