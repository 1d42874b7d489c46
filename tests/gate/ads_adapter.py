"""The advertising test as the scorers call it."""

from crawler.ads import score_title


def is_spam(title: str) -> bool:
    """Whether the crawl would mark this title at the default threshold."""
    return score_title(title) >= 0.5
