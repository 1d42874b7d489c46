"""The way in: source -> frontier -> fetch -> decode -> extract -> dedupe -> store."""
