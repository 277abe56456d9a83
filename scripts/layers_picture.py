"""Draws a picture and its layers side by side, on a checkerboard; scripts/readme_pictures does it for the README.

scripts/lamina decompose examples/poster.png --to out/poster.psd
.venv/bin/python scripts/layers_picture.py examples/poster.png out/poster.psd out/layers.png
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import lamina
from lamina.core.layers import Pixels

TILE_PX, GAP_PX, LABEL_PX, COLUMNS = 260, 12, 20, 4
SQUARE_PX, LIGHT, DARK = 8, 255, 226
LONGEST_LABEL = 32


def main() -> None:
    options = _options()
    picture = lamina.read_picture(options.picture)
    stack = lamina.load(options.stack)
    tiles = [(f"{options.picture.name}, {picture.width} x {picture.height}", picture.pixels)]
    tiles += [(layer.name, layer.on_canvas(stack.width, stack.height)) for layer in reversed(stack.layers)]
    options.to.parent.mkdir(parents=True, exist_ok=True)
    _sheet(tiles).save(options.to, optimize=True)


def _sheet(tiles: list[tuple[str, Pixels]]) -> Image.Image:
    height, width = tiles[0][1].shape[:2]
    tile_height = round(TILE_PX * min(1, height / width))
    columns, rows = min(COLUMNS, len(tiles)), -(-len(tiles) // COLUMNS)
    step_x, step_y = TILE_PX + GAP_PX, tile_height + LABEL_PX + GAP_PX
    sheet = Image.new("RGB", (columns * step_x + GAP_PX, rows * step_y + GAP_PX), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (label, pixels) in enumerate(tiles):
        row, column = divmod(index, COLUMNS)
        left, top = GAP_PX + column * step_x, GAP_PX + row * step_y
        image = Image.fromarray(pixels).convert("RGBa")  # premultiplied, so that hidden colours do not bleed
        image.thumbnail((TILE_PX, TILE_PX), Image.Resampling.LANCZOS)
        ground = _checkerboard(image.size)
        ground.alpha_composite(image.convert("RGBA"))
        sheet.paste(ground.convert("RGB"), (left, top))
        short = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
        draw.text((left, top + tile_height + 3), short, fill="#333333", font_size=13)
    return sheet


def _checkerboard(size: tuple[int, int]) -> Image.Image:
    width, height = size
    y, x = np.mgrid[:height, :width] // SQUARE_PX
    grey = np.where((x + y) % 2, DARK, LIGHT).astype(np.uint8)
    return Image.fromarray(grey).convert("RGBA")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, help="the flat picture")
    parser.add_argument("stack", type=Path, help="its layers: PSD, ORA, ZIP or folder")
    parser.add_argument("to", type=Path, help="the PNG to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
