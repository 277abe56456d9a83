"""Tells the script and the direction of a string."""

import unicodedata
from collections import Counter

# The first word of the Unicode names of a script's letters, and its ISO 15924 code.
_CODES = {
    "LATIN": "Latn",
    "CJK": "Hani",
    "HIRAGANA": "Hira",
    "KATAKANA": "Kana",
    "HANGUL": "Hang",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "GURMUKHI": "Guru",
    "GUJARATI": "Gujr",
    "ORIYA": "Orya",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "KANNADA": "Knda",
    "MALAYALAM": "Mlym",
    "SINHALA": "Sinh",
    "THAI": "Thai",
    "LAO": "Laoo",
    "TIBETAN": "Tibt",
    "MYANMAR": "Mymr",
    "KHMER": "Khmr",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "ETHIOPIC": "Ethi",
    "MONGOLIAN": "Mong",
    "BOPOMOFO": "Bopo",
}
_COMMON, _UNKNOWN = "Zyyy", "Zzzz"


def script_of(string: str) -> str:
    """The ISO 15924 code of the script of most letters: "Zyyy" without letters, empty for an empty string."""
    letters = [character for character in string if unicodedata.category(character)[0] == "L"]
    if not letters:
        return _COMMON if string.strip() else ""
    codes = Counter(_CODES.get(unicodedata.name(letter, "").split(" ")[0], _UNKNOWN) for letter in letters)
    return codes.most_common(1)[0][0]


def is_right_to_left(string: str) -> bool:
    """True if the first letter belongs to a script that is written from right to left (UAX 9, rule P2)."""
    directions = (unicodedata.bidirectional(character) for character in string)
    return next((direction for direction in directions if direction in ("L", "R", "AL")), "L") != "L"
