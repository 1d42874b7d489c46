"""How a source or a host fares, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crawler.screen import span


def failing(row: Mapping[str, Any], at: datetime) -> str:
    """What is wrong with a source or a host and for how long, or "well", or "never visited"."""
    if row["error"]:
        since = at - datetime.fromisoformat(row["error_since"])
        return f"failing for {span(since)}: {row['error']}"
    return "well" if row["last_success_at"] else "never visited"
