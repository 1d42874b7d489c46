"""Datasette's own templates, mended: who listens to a page or has only a keyboard is told what stands where, and
who has a phone sees rows before meanings, and a table as CSV is whole. Pure.

Each mend must fit its template, or it does nothing; a test tells which do not fit any more.
"""

from __future__ import annotations

# A table is written page by page, from its first row, however many there are. A view has no rows to go on from.
_STREAM = "{{ '' if is_view else '&_stream=1' }}"
_EDITOR = 'editor.setOption("extraKeys"'
MENDS = (
    ("<html>", '<html lang="en">'),
    ('<section class="content">', '<main class="content">'),
    ("</section>\n</div>\n<footer", "</main>\n</div>\n<footer"),
    ("<h3", "<h2"),
    ("</h3>", "</h2>"),
    ('<textarea id="sql-editor"', '<textarea aria-label="SQL" id="sql-editor"'),
    (_EDITOR, f'editor.getInputField().setAttribute("aria-label", "SQL");\n        {_EDITOR}'),
    ('<select name="_filter_column', '<select aria-label="Column" name="_filter_column'),
    ('<select name="_filter_op', '<select aria-label="Comparison" name="_filter_op'),
    ('<input type="text" name="_filter_value', '<input aria-label="Value" type="text" name="_filter_value'),
    ('<select name="_sort"', '<select aria-label="Sort by" name="_sort"'),
    ('<div class="table-wrapper">', '<div class="table-wrapper" tabindex="0" role="group" aria-label="Rows">'),
    ('<dl class="column-descriptions">', '<details><summary>Columns</summary><dl class="column-descriptions">'),
    ("{% endfor %}\n</dl>\n{% endif %}", "{% endfor %}\n</dl></details>\n{% endif %}"),
    ('<a href="{{ url_csv }}">CSV</a> (', f'<a href="{{{{ url_csv }}}}{_STREAM}">CSV</a> ('),
    (
        '{% if next_url and settings.allow_csv_stream %}<label><input type="checkbox" name="_stream"> stream all rows'
        "</label>{% endif %}",
        '{% if not is_view %}<input type="hidden" name="_stream" value="1">{% endif %}',
    ),
    # The console begins with what is shipped for a start, not with whatever table is first by name.
    (
        "{% if tables %}select * from {{ tables[0].name|escape_sqlite }}{% else %}select sqlite_version(){% endif %}",
        "select * from news limit 50",
    ),
    ('class="cross">&#x2716;</a>', 'class="cross" aria-label="Remove">&#x2716;</a>'),
)  # fmt: skip


def mended(source: str) -> str:
    """A template of Datasette with all mends that fit it."""
    for old, new in MENDS:
        source = source.replace(old, new)
    return source
