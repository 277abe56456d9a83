"""Draws texts for designs: names, headlines, short lines, sentences, labels, dates and numbers."""

import numpy as np


def _split(texts: str, separator: str) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts.split(separator))


_ADJECTIVES = _split(
    "Golden Quiet Wild Little Open Blue Northern Secret Bright Slow Sunday Electric Green Modern Velvet Lucky"
    " Salty Grand Urban Silver Happy Cosmic Honest Spicy Paper Royal Fresh Vintage Summer Winter",
    " ",
)
_NOUNS = _split(
    "Harbour Garden Coffee Market Festival Studio Orchard Library Kitchen Radio Mountain River Bakery Cinema "
    "Atlas Compass Lantern Meadow Workshop Station Gallery Forest Ocean Rocket Signal Theatre Bicycle Records"
    " Museum Press",
    " ",
)
_NAMES = _split(
    "pixel tidy orbit kumo flux dials vega numa rapid okta lumen brisk zephyr prism gecko nori atlas mint",
    " ",
)
_LABELS = _split(
    "OK|Cancel|Sign up|Log in|Buy now|Learn "
    "more|Read|Play|Start|Next|Back|Share|Save|Send|Home|Search|Profile|New|Sale|Free|Join "
    "us|Details|Menu|Open|Download|Add to cart|Settings|Subscribe|-50 %|100 %|Top "
    "10|24/7|Mehr|Suivant|Aceptar",
    "|",
)
_SENTENCES = _split(
    "Doors open at seven. Bring a friend and a warm coat.|Everything is made by hand in our small "
    "workshop.|The first hundred guests get a free drink.|Children under twelve enter free of charge.|Please "
    "keep this ticket until the end of the show.|We plant one tree for each order.|A night of music, light "
    "and good food under the stars.|No sugar added. Store in a cool, dry place.|Turn your computer off before"
    " the date below.|Ask your neighbours: they know the way.|Take one home today and bring it back whenever "
    "you like.|Our team replies within two working days.|All proceeds go to the animal shelter in our "
    "town.|Der Eintritt ist frei, Spenden sind willkommen.|Un week-end de concerts au bord du lac.|La entrada"
    " incluye una bebida y un plato.|Wear closed shoes and follow the marked path.|Handle with care: contents"
    " may be under pressure.",
    "|",
)
_DATES = _split(
    "12 May 2025|Friday, 7 pm|1-4 June|SAT 21 OCT|Doors 19:30|24.12.|Every Monday|Spring 2026|March 3rd|No. "
    "42|Est. 1987|20 / 08|Vol. 3|EUR 12|$ 9.99|Room 214|www.example.org|hello@example.com|+00 123 456",
    "|",
)


def name(rng: np.random.Generator) -> str:
    """A short name in lower or upper case, as of a product."""
    word = str(rng.choice(_NAMES))
    return [word, word.upper(), word.capitalize()][rng.integers(3)]


def headline(rng: np.random.Generator) -> str:
    """One to four words."""
    adjective, noun = str(rng.choice(_ADJECTIVES)), str(rng.choice(_NOUNS))
    text = [noun, f"{adjective} {noun}", f"The {adjective} {noun}", f"{noun} Day", f"{noun} & {rng.choice(_NOUNS)}"][
        rng.integers(5)
    ]
    return text.upper() if rng.uniform() < 0.4 else text


def sentence(rng: np.random.Generator) -> str:
    return str(rng.choice(_SENTENCES))


def paragraph(rng: np.random.Generator, sentences: int) -> str:
    return " ".join(str(text) for text in rng.choice(_SENTENCES, sentences, replace=False))


def label(rng: np.random.Generator) -> str:
    return str(rng.choice(_LABELS))


def detail(rng: np.random.Generator) -> str:
    """A date, a price, an address."""
    return str(rng.choice(_DATES))
