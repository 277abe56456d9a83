"""The names of the layers of whole pictures: what a designer finds in Photoshop, unique, and the same after changes."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.posters import BACKGROUNDS, poster
from lamina.core.composite import composite
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine

ROOT = Path(__file__).parents[2]
TYPEFACE = ROOT / "lab" / "posters" / "fonts" / "LaminaSans-Black.ttf"
PAPER, NAVY = (244, 246, 250), (25, 30, 50)


def names_in(picture: NDArray[np.uint8]) -> list[str]:
    stack = ClassicEngine().decompose(picture, DecomposeTask(layers=10))
    return [layer.name for layer in stack]


def page() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (1000, 800), PAPER)
    return image, ImageDraw.Draw(image)


def write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], words: str, size: int, colour: tuple[int, int, int]
) -> None:
    draw.text(place, words, font=ImageFont.truetype(TYPEFACE, size), fill=colour, anchor="mm")


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGBA"))


def advertisement() -> NDArray[np.uint8]:
    image, draw = page()
    write(draw, (420, 80), "Plan your trip", 90, NAVY)
    draw.rounded_rectangle((60, 620, 360, 700), 16, fill=(30, 110, 230))
    write(draw, (210, 660), "Book now", 38, (255, 255, 255))
    draw.ellipse((800, 30, 970, 200), fill=(250, 190, 40))
    write(draw, (885, 115), "-50%", 50, NAVY)
    draw.rectangle((0, 750, 1000, 800), fill=NAVY)
    return pixels(image)


def shapes(colour: tuple[int, int, int] = (220, 40, 60), *, is_moved: bool = False) -> NDArray[np.uint8]:
    """Six shapes; the disc at the bottom left has that colour, and may be moved to the bottom right."""
    image, draw = page()
    draw.ellipse((60, 60, 300, 200), fill=(20, 150, 80))
    draw.rounded_rectangle((720, 80, 900, 210), 36, fill=(120, 40, 160))
    draw.line((100, 350, 900, 350), fill=(60, 60, 60), width=8)
    draw.rectangle((420, 440, 560, 540), fill=(90, 60, 40))
    draw.polygon([(800, 430), (920, 600), (680, 600)], fill=(250, 160, 30))
    disc = (700, 620, 850, 770) if is_moved else (80, 600, 230, 750)
    draw.ellipse(disc, fill=colour)
    return pixels(image)


def test_an_advertisement_has_the_layers_that_a_designer_would_name_so() -> None:
    names = names_in(advertisement())
    assert set(names) >= {
        "Background",
        "Headline: Plan your trip",
        "Button label: Book now",
        "Button, bottom left",
        "Badge, top right",
        "Text: -50%",
        "Panel, bottom",
    }


def test_shapes_have_their_names_and_keep_them_when_one_of_them_changes() -> None:
    before = set(names_in(shapes()))
    assert before == {
        "Background",
        "Ellipse, top left",
        "Rounded rectangle, top right",
        "Line, centre",
        "Rectangle, centre",
        "Triangle, right",
        "Circle, bottom left",
    }
    assert set(names_in(shapes((40, 90, 220)))) == before
    assert set(names_in(shapes(is_moved=True))) - before == {"Circle, bottom right"}


@pytest.mark.parametrize("seed", [100_901, 100_902, 100_903])
def test_names_on_posters_are_unique_and_the_same_again(seed: int) -> None:
    picture = composite(poster(seed, BACKGROUNDS[seed % len(BACKGROUNDS)]).stack)
    names = names_in(picture)
    assert len(set(names)) == len(names)
    assert all(len(name) <= 80 for name in names)
    assert names_in(picture) == names
