"""What is saved can be loaded again, in every format that promises it, and the rest is refused with a clear error."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyora
import pytest
from drawn_stacks import STACKS, full_stack, noise, opaque
from hypothesis import HealthCheck, given, settings
from PIL import Image
from pptx import Presentation
from psd_tools import PSDImage
from tifffile import TiffFile

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import check_output, load, save
from lamina.imaging.stack_formats import StackFormat, stack_format_of

EXACT = ["stack.psd", "stack.ora", "stack.zip", "stack/"]
EVERY = [*EXACT, "stack.pptx", "stack.svg", "stack.tif", "stack.tiff", "stack.webp", "stack.png"]


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stack=STACKS)
def test_any_stack_comes_back_the_same(name: str, tmp_path: Path, stack: LayerStack) -> None:
    path = f"{tmp_path}/{name}"
    save(stack, path)
    assert load(path).has_same_content(stack)


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stack=STACKS)
def test_any_stack_can_be_saved_with_live_text(name: str, tmp_path: Path, stack: LayerStack) -> None:
    written = save(stack, f"{tmp_path}/{name}", ExportOptions(editable_text=True))
    assert written.exists()
    assert [path.name for path in tmp_path.iterdir()] == [written.name]


@pytest.mark.parametrize("name", EXACT)
def test_a_stack_that_uses_everything_comes_back_the_same(name: str, tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/{name}")
    again = load(f"{tmp_path}/{name}")
    assert again.has_same_content(full_stack())
    assert np.array_equal(composite(again), composite(full_stack()))


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("blend", BlendMode)
def test_every_blend_mode_comes_back(name: str, blend: BlendMode, tmp_path: Path) -> None:
    ground = Layer("Ground", LayerKind.BACKGROUND, opaque(3, 3, (9, 90, 200)))
    stack = LayerStack(3, 3, (ground, Layer("Above", LayerKind.OBJECT, noise(3, 3), blend=blend)))
    save(stack, f"{tmp_path}/{name}")
    assert load(f"{tmp_path}/{name}").has_same_content(stack)


@pytest.mark.parametrize("name", EXACT)
def test_every_opacity_comes_back(name: str, tmp_path: Path) -> None:
    layers = tuple(Layer(str(opacity), LayerKind.OBJECT, noise(1, 1), opacity=opacity) for opacity in range(256))
    save(LayerStack(1, 1, layers), f"{tmp_path}/{name}")
    assert [layer.opacity for layer in load(f"{tmp_path}/{name}")] == list(range(256))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("left", "top"), [(-5, 0), (0, -5), (9, 0), (0, 9), (-2, 0), (0, -2)])
def test_a_layer_wholly_beside_the_canvas_is_saved(name: str, left: int, top: int, tmp_path: Path) -> None:
    beside = Layer("Beside", LayerKind.OBJECT, noise(2, 2), left, top, blend=BlendMode.MULTIPLY)
    ground = Layer("Ground", LayerKind.BACKGROUND, opaque(9, 9, (1, 2, 3)))
    save(LayerStack(9, 9, (ground, beside)), f"{tmp_path}/{name}")
    if name in EXACT:
        assert load(f"{tmp_path}/{name}")[1].has_same_content(beside)


@pytest.mark.parametrize("name", EXACT)
def test_the_same_stack_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    written = []
    for folder in ("one", "two"):
        path = save(full_stack(), f"{tmp_path}/{folder}/{name}")
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        written.append([(file.name, file.read_bytes()) for file in files])
    assert written[0] == written[1]


UNNAMED = LayerStack(
    3,
    3,
    (
        Layer("", LayerKind.BACKGROUND, opaque(3, 3, (9, 90, 200))),
        Layer(" \0", LayerKind.PANEL, opaque(2, 2, (9, 9, 9))),
        Layer("\n", LayerKind.PANEL, opaque(1, 1, (9, 99, 9))),
    ),
)


@pytest.mark.parametrize("name", EXACT)
def test_layers_without_a_name_come_back_without_one(name: str, tmp_path: Path) -> None:
    save(UNNAMED, f"{tmp_path}/{name}")
    assert [layer.name for layer in load(f"{tmp_path}/{name}")] == ["", " \0", "\n"]


def test_other_programs_see_layers_without_a_name_by_their_kind(tmp_path: Path) -> None:
    seen = ["Background", "Panel", "Panel"]
    project = pyora.Project.load(str(save(UNNAMED, tmp_path / "a.ora")))
    assert [layer.name for layer in project.children][::-1] == seen
    assert [layer.name for layer in PSDImage.open(save(UNNAMED, tmp_path / "a.psd"))] == seen
    with TiffFile(save(UNNAMED, tmp_path / "a.tif")) as pages:
        assert [page.tags["PageName"].value for page in pages.pages] == seen
    assert re.findall('inkscape:label="(.*?)"', save(UNNAMED, tmp_path / "a.svg").read_text()) == seen
    slide = Presentation(str(save(UNNAMED, tmp_path / "a.pptx"))).slides[0]
    assert [shape.name for shape in slide.shapes] == seen


def test_a_flat_png_is_the_composite(tmp_path: Path) -> None:
    save(full_stack(), tmp_path / "flat.png")
    with Image.open(tmp_path / "flat.png") as image:
        assert np.array_equal(np.asarray(image), composite(full_stack()))


def test_saving_again_replaces_what_was_there(tmp_path: Path) -> None:
    smaller = LayerStack(2, 2, (Layer("Only", LayerKind.OBJECT, noise(2, 2)),))
    for name in EXACT:
        save(full_stack(), f"{tmp_path}/{name}")
        save(smaller, f"{tmp_path}/{name}")
        assert load(f"{tmp_path}/{name}").has_same_content(smaller)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stack", "stack.ora", "stack.psd", "stack.zip"]


def test_the_ending_tells_the_format(tmp_path: Path) -> None:
    assert stack_format_of("a.PSD") is StackFormat.PSD
    assert stack_format_of(Path("a.b/c.tiff")) is StackFormat.TIFF
    assert stack_format_of("layers.psd/") is StackFormat.FOLDER
    assert stack_format_of(tmp_path) is StackFormat.FOLDER


@pytest.mark.parametrize("name", ["a.gif", "a", "", "a.psd.txt", ".psd"])
def test_an_unknown_ending_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(LaminaError) as caught:
        check_output(name)
    assert caught.value.code is ErrorCode.OUTPUT_UNKNOWN_FORMAT
    for ending in (".psd", ".ora", ".pptx", ".svg", ".tif", ".tiff", ".webp", ".zip", ".png", '"/"'):
        assert ending in str(caught.value)


@pytest.mark.parametrize(("name", "width"), [("a.psd", 30_001), ("a.webp", 16_384)])
def test_a_canvas_too_large_for_the_format_is_refused(name: str, width: int, tmp_path: Path) -> None:
    stack = LayerStack(width, 1, (Layer("Wide", LayerKind.OBJECT, noise(1, 1)),))
    with pytest.raises(LaminaError) as caught:
        save(stack, tmp_path / name)
    assert caught.value.code is ErrorCode.OUTPUT_TOO_LARGE
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "width"), [("a.psd", 30_000), ("a.webp", 16_383), ("a.ora", 70_000)])
def test_the_largest_side_that_fits_is_written(name: str, width: int, tmp_path: Path) -> None:
    stack = LayerStack(width, 1, (Layer("Wide", LayerKind.OBJECT, noise(1, width)),))
    assert save(stack, tmp_path / name).stat().st_size > width


def test_only_what_a_format_needs_is_loaded(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from lamina.imaging import saving
heavy = ["PIL", "psd_tools", "pptx", "tifffile", "lxml", "isal"]
print([name for name in heavy if name in sys.modules])
from drawn_stacks import full_stack
saving.load(saving.save(full_stack(), "a.psd"))
print([name for name in ["scipy", "skimage", "matplotlib", "pptx", "tifffile"] if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "[]\n[]\n"
