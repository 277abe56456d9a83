"""Draws shapes by resvg, an independent renderer, and compares pictures."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray

from lamina.core.layers import Pixels


def drawn(svg: str, width: int = 200, height: int = 140) -> Pixels:
    """(height, width, 4) RGBA of the elements of an SVG file."""
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{svg}</svg>'
    data = np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_string=text)), np.uint8)
    return np.asarray(cv2.cvtColor(np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED)), cv2.COLOR_BGRA2RGBA), np.uint8)


def differences(path: Path, expected: Pixels) -> NDArray[Any]:
    """(h, w) in levels: of an SVG file and a picture."""
    data = np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_path=str(path))), np.uint8)
    shown = np.asarray(cv2.cvtColor(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB), np.int16)
    return np.abs(shown - expected[..., :3]).max(-1)


def contrasts(picture: Pixels) -> NDArray[Any]:
    """(h, w) in levels: within 3 x 3 pixels."""
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(picture, kernel) - cv2.erode(picture, kernel)).max(-1)
