"""Pinyin for search: a place or a name is found by its syllables or their initials as well as by its characters."""

from pypinyin import Style, lazy_pinyin


def syllables(text: str) -> str:
    """``"岩坦镇"`` → ``"yantanzhen"``: lower case, no tones, no spaces; other characters are kept."""
    return "".join(lazy_pinyin(text)).lower().replace(" ", "")


def initials(text: str) -> str:
    """``"岩坦镇"`` → ``"ytz"``."""
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower().replace(" ", "")
