"""The bundled typefaces of the posters as fonts that are installed for the user who runs the tests."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.posters import lettering
from lamina.core.text_styles import Typeface, TypefaceClass
from lamina.typesetting import installed

FONTS = Path(lettering.__file__).with_name("fonts")


def bundled(family: str, weight: int, type_class: TypefaceClass = TypefaceClass.SANS) -> Typeface:
    return Typeface(family=family, confidence=1.0, weight=weight, is_italic=False, type_class=type_class)


SANS, SLAB, HAN = bundled("Lamina Sans", 900), bundled("Lamina Slab", 700), bundled("Lamina Han", 700)


@contextmanager
def fonts_in_home(home: Path) -> Iterator[None]:
    """The fonts are in `home`, which is the user's home folder meanwhile."""
    folder = home / ".fonts"
    folder.mkdir(parents=True)
    for path in FONTS.glob("*.[ot]tf"):
        shutil.copy(path, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    installed.find_font.cache_clear()
    installed._font_files.cache_clear()
