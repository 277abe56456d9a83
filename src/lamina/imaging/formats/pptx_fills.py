"""Writes the colours and gradients of PowerPoint's shapes and letters."""

from typing import Any

from pptx.oxml.xmlchemy import OxmlElement

from lamina.core.text_styles import Colour, ColourGradient

UNITS_PER_DEGREE = 60_000


def add_fill(properties: Any, colour: Colour, gradient: ColourGradient | None, opacity: int) -> None:
    """Adds a colour, or a linear gradient instead of it. `opacity`: 0..255."""
    if gradient is None:
        add_solid_fill(properties, colour, opacity)
        return
    fill = add_element(properties, "a:gradFill", rotWithShape=1)
    stops = add_element(fill, "a:gsLst")
    for position, stop in ((0, gradient.start), (100_000, gradient.end)):
        add_colour(add_element(stops, "a:gs", pos=position), stop, opacity)
    angle = round(gradient.degrees % 360 * UNITS_PER_DEGREE) % (360 * UNITS_PER_DEGREE)
    add_element(fill, "a:lin", ang=angle, scaled=0)


def add_solid_fill(parent: Any, colour: Colour, opacity: int) -> None:
    add_colour(add_element(parent, "a:solidFill"), colour, opacity)


def add_colour(parent: Any, colour: Colour, opacity: int) -> None:
    element = add_element(parent, "a:srgbClr", val="".join(f"{sample:02X}" for sample in colour))
    if opacity < 255:
        add_element(element, "a:alpha", val=round(opacity * 100_000 / 255))


def add_element(parent: Any, tag: str, **attributes: object) -> Any:
    element: Any = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(name, str(value))
    parent.append(element)
    return element
