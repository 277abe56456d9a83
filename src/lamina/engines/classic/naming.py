"""Composes the names of layers."""

_MAX_CHARACTERS = 60


def text_name(strings: list[str], is_largest: bool) -> str:
    """ "Headline: SUMMER SALE" for the largest text of an image, "Text: …" for the others."""
    text = " ".join(" ".join(strings).split())
    short = text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1].rstrip() + "…"
    return f"{'Headline' if is_largest else 'Text'}: {short}"


def numbered(noun: str, number: int, count: int) -> str:
    """ "Object 2" if there are several, "Object" if there is only one."""
    return f"{noun} {number}" if count > 1 else noun
