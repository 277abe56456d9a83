"""Nothing that comes out of the program depends on memory that it did not write."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina
from lab.evaluation.perturbations import blurred, reduced
from lab.posters import poster
from lamina.core.composite import composite
from lamina.imaging.encoding import Encoding, PictureFormat, encode
from lamina.imaging.finish import finish


@contextmanager
def filled_memory(byte: int, monkeypatch: pytest.MonkeyPatch) -> Generator[list[int]]:
    """What `np.empty` and `np.empty_like` give is full of this byte, as if another picture had been there; yields how
    many bytes each time.
    """
    sizes: list[int] = []

    def filled(make: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def made(*arguments: Any, **options: Any) -> np.ndarray:
            array = make(*arguments, **options)
            if array.flags.c_contiguous and array.dtype != object and array.size:
                array.reshape(-1).view(np.uint8)[...] = byte
                sizes.append(array.nbytes)
            return array

        return made

    with monkeypatch.context() as patched:
        patched.setattr(np, "empty", filled(np.empty))
        patched.setattr(np, "empty_like", filled(np.empty_like))
        yield sizes


def made_of_a_poster(folder: Path) -> list[bytes]:
    """Layers by the engine, layers of a coarse engine that were finished, and files."""
    drawn = poster(100_003, "flat", (256, 256))
    pixels = composite(drawn.stack)
    folder.mkdir()
    stack = lamina.decompose(pixels)
    stack.save(folder / "stack.psd")
    stack.save(folder / "stack.tif")
    finished = finish(reduced(blurred(drawn.stack, 1.0), 128), pixels)
    layers = [layer.pixels.tobytes() for layer in (*stack, *finished)]
    files = [(folder / name).read_bytes() for name in ("stack.psd", "stack.tif")]
    return layers + files + [encode(pixels, Encoding(kind)) for kind in PictureFormat]


def test_what_is_made_is_the_same_whatever_was_in_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = made_of_a_poster(tmp_path / "as usual")
    for byte in (0x5A, 0xC3):
        with filled_memory(byte, monkeypatch) as sizes:
            assert made_of_a_poster(tmp_path / f"{byte}") == expected
        assert sum(sizes) > 256 * 256 * 4
