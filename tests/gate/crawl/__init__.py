"""What the crawl costs and how it behaves, measured on loopback addresses; `docs/crawl.md` has the figures.

Each module is a program of its own, `python -m tests.gate.crawl.NAME`. They need a system where all of 127.0.0.0/8 is
loopback, as on Linux.
"""
