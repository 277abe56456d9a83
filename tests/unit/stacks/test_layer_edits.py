"""A layer edited by a prompt keeps its outline, its place and its neighbours."""

import numpy as np

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.core.tasks import EditTask, Sampling
from lamina.stacks.editor import StackEditor
from lamina.stacks.operations import Rotate


def test_the_outline_stays_and_the_colour_changes() -> None:
    rows, columns = np.mgrid[:64, :64]
    distance = np.hypot(rows - 31.5, columns - 31.5)
    disc = np.full((64, 64, 4), (220, 30, 30, 255), np.uint8)
    disc[..., 3] = np.clip((26 - distance) * 255, 0, 255)
    sky = Layer("Sky", LayerKind.BACKGROUND, np.full((80, 90, 4), (90, 160, 230, 255), np.uint8))
    editor = StackEditor(LayerStack(90, 80, (sky, Layer("Disc", LayerKind.OBJECT, disc, 11, 7))))
    editor.apply(Rotate(node=2, degrees=90))
    task = EditTask(prompt="make the circle green", sampling=Sampling(model="nano", seed=3))
    notes = editor.edit(2, task)
    stack = editor.stack()
    assert stack.made is None
    assert [name.split("@")[0] for name in stack.edited_by] == ["nano"]
    assert stack.notes == notes
    changed = stack[1]
    assert changed.box == (11, 7, 64, 64)
    assert np.array_equal(changed.pixels[..., 3], np.rot90(disc, -1)[..., 3])
    red, green, blue = changed.pixels[16:48, 16:48, :3].reshape(-1, 3).mean(0)
    assert green > red + 40
    assert green > blue + 40
    assert np.array_equal(stack[0].pixels, sky.pixels)
    assert editor.undo()
    assert editor.stack().edited_by == ()
    assert editor.stack()[1].pixels[32, 32].tolist() == [220, 30, 30, 255]
