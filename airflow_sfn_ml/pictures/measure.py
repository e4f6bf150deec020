"""How wide a text will be, without a font.

Nobody knows which font the reader's machine has, so widths are guessed on the wide side: a text that is drawn narrower
than its box looks right, one that leaves its box does not.
"""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
BOLD = 1.08

_NARROW = dict.fromkeys("ijl.,:;'`|!I", 0.31) | dict.fromkeys('ftr()[]{}-"/\\ *', 0.42)
_WIDE = dict.fromkeys("mwMW@%—…", 0.96) | dict.fromkeys("GOQCDHNU&+=<>~≥≤≠→", 0.77)


class _Widths(dict[str, float]):
    """The width of a character in ems; those that no table names are worked out when they first come."""

    def __missing__(self, char: str) -> float:
        if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn"):
            em = 0.0
        elif unicodedata.east_asian_width(char) in "WF":
            em = 1.1
        elif char.isupper():
            em = 0.7
        elif char < "\u0250":
            em = 0.56
        else:
            em = 0.8
        self[char] = em
        return em


_widths = _Widths({**_NARROW, **_WIDE})


def width(text: str, size: float) -> float:
    """The width of *text* in pixels at a font size of *size*; for semi-bold text times `BOLD`."""
    return sum(map(_widths.__getitem__, text)) * size


def cut_end(text: str, size: float, limit: float) -> str:
    """*text*, with what does not fit into *limit* pixels left out at its end."""
    if width(text, size) <= limit:
        return text
    return text[: _fitting(text, size, limit - width(ELLIPSIS, size))].rstrip() + ELLIPSIS


def cut_middle(text: str, size: float, limit: float) -> str:
    """*text*, with what does not fit left out in the middle: names often differ at their ends."""
    if width(text, size) <= limit:
        return text
    room = limit - width(ELLIPSIS, size)
    head = text[: _fitting(text, size, room * 0.6)]
    reverse = text[::-1]
    tail = reverse[: _fitting(reverse, size, room - width(head, size))][::-1]
    return head + ELLIPSIS + tail


def _fitting(text: str, size: float, limit: float) -> int:
    """How many characters of *text* fit."""
    total = 0.0
    for count, char in enumerate(text):
        total += _widths[char] * size
        if total > limit:
            return count
    return len(text)
