"""What the walk does with each tag, by Lexbor's numbers for them."""

from __future__ import annotations

from functools import cache

from selectolax.lexbor import LexborHTMLParser

from crawler.parse import VOID

SKIP = frozenset(
    "script style noscript template svg iframe object embed select textarea canvas math audio video source "
    "datalist dialog map applet noframes".split()
)
BLOCK = frozenset(
    "address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup html legend li main menu nav ol option p pre section summary table tbody td "
    "tfoot th thead tr ul caption frameset".split()
)
# Marks inside a line: they hold no text of their own to judge, so they are no elements of the arrays.
MARKS = frozenset("b strong i em u s font small big sub sup mark nobr tt code cite q wbr ins del strike".split())
PLAYERS = frozenset(("video", "iframe", "embed", "object"))
HEADS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}


# What the walk does with a node; from MARK on it visits the children.
TEXT, SKIP_TAG, SCRIPT, PLAYER, VOID_TAG, TITLE, MARK, INLINE, ANCHOR, BLOCK_TAG = range(10)


TEXT_NODE = 2  # Lexbor's number for a text (`lxb_tag_id_enum_t`)
UNKNOWN = (INLINE, "")  # a tag of nobody's list: its name is to be asked of the node


@cache
def kinds() -> dict[int, tuple[int, str]]:
    """Kind and name of every known node by Lexbor's number for it, which is cheaper to read than its name."""
    maker = LexborHTMLParser("")
    rare = ((frozenset({"script"}), SCRIPT), (frozenset({"title"}), TITLE), (frozenset({"a"}), ANCHOR))
    inline = (frozenset(("span", "label", "time", "abbr", "button")), INLINE)
    groups = (inline, (SKIP, SKIP_TAG), (VOID, VOID_TAG), (MARKS, MARK), (BLOCK, BLOCK_TAG), (PLAYERS, PLAYER), *rare)
    found = {maker.create_node(name).tag_id: (kind, name) for names, kind in groups for name in names}
    # Lexbor's enumeration `lxb_tag_id_enum_t`: these nodes are no elements and cannot be made.
    return found | {TEXT_NODE: (TEXT, ""), 3: (INLINE, ""), 4: (SKIP_TAG, ""), 5: (SKIP_TAG, "")}
