"""Layer names made fit for places that cannot hold every string: XML, Photoshop's name field, file names."""

import re
import unicodedata

from lamina.core.layers import LayerKind

# What XML 1.0 (section 2.2) forbids, line breaks and tabs (an attribute turns them into spaces), and lone surrogates.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def named(name: str, kind: LayerKind) -> str:
    """The name itself; for a layer without one, what kind of layer it is."""
    return name if presentable(name).strip() else kind.value.capitalize()


def shown_name(name: str, kind: LayerKind, most_units: int | None = None) -> str:
    """What other programs show of a layer: its name as `presentable` makes it, and its kind where it has none."""
    return named(presentable(name, most_units), kind)


def presentable(name: str, most_units: int | None = None) -> str:
    """The name on one line without control characters, at most `most_units` UTF-16 code units long."""
    name = _UNFIT.sub(" ", name)
    if most_units is not None:
        name = name.encode("utf-16-le")[: 2 * most_units].decode("utf-16-le", "ignore")
    return name


def slug(name: str, otherwise: str) -> str:
    """A short lower-case ASCII name for a file, `otherwise` where nothing of the name is ASCII."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub("[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    return words[:48].strip("-") or otherwise
