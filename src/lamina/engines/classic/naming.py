"""Names for layers."""

_MAX_WORDS = 60


def text_name(strings: list[str], is_largest: bool) -> str:
    """ "Headline: SUMMER SALE" for the largest text of a picture, "Text: …" for the others."""
    words = " ".join(" ".join(strings).split())
    short = words if len(words) <= _MAX_WORDS else words[: _MAX_WORDS - 1].rstrip() + "…"
    return f"{'Headline' if is_largest else 'Text'}: {short}"


def numbered(what: str, number: int, count: int) -> str:
    """ "Object 2" of several, "Object" if there is one."""
    return f"{what} {number}" if count > 1 else what
