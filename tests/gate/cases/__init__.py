"""The cases of the gate: each file has `pages()`, one page for each failure pattern of its subject."""
