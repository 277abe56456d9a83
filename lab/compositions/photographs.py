"""Composed photographs: cut-outs laid onto photographs in their scale, light, sharpness and grain."""

import cv2
import numpy as np

from lab.compositions.composition import Composition
from lab.compositions.effects import flipped, grounded, padded, resized
from lab.compositions.grounds import size
from lab.compositions.material import Material
from lab.compositions.source import Use
from lamina.core.layers import LayerKind, Pixels


def photograph(rng: np.random.Generator, material: Material) -> Composition:
    """One to three cut-outs on a photograph; nearer ones are lower and larger."""
    width, height = size(rng, (0.5625, 0.625, 0.667, 0.75, 0.8), tall=0.15)
    while True:
        scenery = material.photograph(rng, width, height)
        composition = Composition(rng, scenery)
        family = material.family(rng, Use.CUT_OUTS)
        noise, blur_px = _grain(scenery), rng.uniform(0.4, 1.1)
        count = int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
        same = family.draw(rng, 700) if rng.uniform() < 0.2 else None
        for foot in np.sort(rng.uniform(0.62, 0.98, count)):
            length = composition.short_px * (0.3 + 0.55 * (foot - 0.6) / 0.4) * rng.uniform(0.85, 1.25)
            sprite = _fitting(rng, family.draw(rng, length) if same is None else resized(same, length), scenery)
            sprite = _softened(rng, sprite, blur_px, noise)
            foot_px = sprite.shape[0]
            sprite = grounded(sprite, rng.uniform(0.45, 0.75))
            room = (sprite.shape[0] - foot_px) / 2
            x = composition.width * rng.uniform(0.18, 0.82) - sprite.shape[1] / 2
            composition.add(sprite, x, foot * height - foot_px - room, LayerKind.OBJECT, "cut-out")
        if len(composition.layers) > 1:
            return composition


def _fitting(rng: np.random.Generator, sprite: Pixels, scenery: Pixels) -> Pixels:
    """The cut-out with its brightness and tint drawn towards those of the scenery."""
    solid = sprite[..., 3] > 128
    own = sprite[solid][:, :3].astype(np.float32)
    around = scenery[..., :3].reshape(-1, 3).astype(np.float32)
    pull = rng.uniform(0.15, 0.35)
    gain = ((around.mean(0) + 20) / (own.mean(0) + 20)) ** pull
    result = sprite.copy()
    result[..., :3] = np.rint(np.clip(sprite[..., :3] * gain, 0, 255))
    result[result[..., 3] == 0] = 0
    return flipped(result) if rng.uniform() < 0.5 else result


def _softened(rng: np.random.Generator, sprite: Pixels, blur_px: float, noise: float) -> Pixels:
    """As sharp as a lens draws, with the grain of the scenery."""
    wide = padded(sprite, 3).astype(np.float32)
    wide[..., :3] *= wide[..., 3:] / 255
    blurred = cv2.GaussianBlur(wide, (0, 0), blur_px)
    alpha = np.maximum(blurred[..., 3:], 1e-3)
    colour = blurred[..., :3] * 255 / alpha + rng.normal(0, noise, (*wide.shape[:2], 1))
    result = np.rint(np.clip(np.concatenate([colour, blurred[..., 3:]], -1), 0, 255)).astype(np.uint8)
    result[result[..., 3] == 0] = 0
    return result


def _grain(scenery: Pixels) -> float:
    """The standard deviation of a picture's noise (Immerkaer 1996, here as a median of its Laplacian), at most 6."""
    grey = cv2.cvtColor(np.ascontiguousarray(scenery[..., :3]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(min(6.0, np.median(np.abs(cv2.filter2D(grey, -1, kernel))) / 6 / 0.6745))
