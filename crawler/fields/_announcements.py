"""What a company announces itself, as stock exchanges publish it, in distinction from news about it."""

from __future__ import annotations

import re

_HEAD, _TAIL = 800, 600
# The head of an announcement on the mainland, and the disclaimer above one in Hong Kong.
_CODE = re.compile(r"(?:证券|股票|债券|證券|股份)代[码號碼号][:：]?\s*\d{4,6}")
_NUMBER = re.compile(r"(?:公告编号|编号|公告編號)[:：]?\s*(?:临|臨)?\s*\d{4}\s*[-—－ 〕]")
_DISCLAIMER = re.compile(
    r"(?:对|對)本(?:公告|公佈|通告)(?:之|的)?(?:内容|內容)概不(?:负责|負責)|take no responsibility for the contents of this announcement",
    re.I,
)
_TITLE = re.compile(r"(?:公告|公告书|公告書|公佈|通函|翌日披露報表|月報表)\s*(?:[（(][^（()）]{1,20}[)）])?$")
_VOICE = re.compile(r"特此公告|本公司(?:及)?(?:董事会|董事會)|承董事会命|承董事會命|全体董事保证|全體董事保證")


def is_announcement(title: str, text: str) -> bool:
    """Whether a page is a company's own announcement: by its head, or by a title and a voice that only those have."""
    head = text[:_HEAD]
    if (_CODE.search(head) and _NUMBER.search(head)) or _DISCLAIMER.search(head):
        return True
    return bool(_TITLE.search(title) and (_VOICE.search(head) or _VOICE.search(text[-_TAIL:])))
