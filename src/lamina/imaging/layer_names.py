"""Converts layer names to strings that XML, Photoshop's name field and file systems accept."""

import re
import unicodedata

from lamina.core.layers import Group, LayerKind

# Characters that XML 1.0 (section 2.2) forbids, line breaks and tabs (attributes normalize them), lone surrogates.
_INVALID = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def name_or_kind(name: str, kind: LayerKind) -> str:
    """The name, or the kind of layer if the name is blank."""
    return name if sanitize_name(name).strip() else kind.value.capitalize()


def display_name(name: str, kind: LayerKind, max_units: int | None = None) -> str:
    """The sanitized name for other programs, or the kind of layer if the name is blank."""
    return name_or_kind(sanitize_name(name, max_units), kind)


def group_name_or_default(name: str) -> str:
    """The name of a group, or "Group" if the name is blank."""
    return name if sanitize_name(name).strip() else "Group"


def group_display_name(group: Group, max_units: int | None = None) -> str:
    """The sanitized name of a group for other programs, or "Group" if the name is blank."""
    return group_name_or_default(sanitize_name(group.name, max_units))


def sanitize_name(name: str, max_units: int | None = None) -> str:
    """The name on one line, without control characters, of at most `max_units` UTF-16 code units."""
    name = _INVALID.sub(" ", name)
    if max_units is not None:
        name = name.encode("utf-16-le")[: 2 * max_units].decode("utf-16-le", "ignore")
    return name


def slug(name: str, fallback: str) -> str:
    """A short lower-case ASCII file name, or `fallback` if the name contains no ASCII letter or digit."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    hyphenated = re.sub("[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    return hyphenated[:48].strip("-") or fallback
