"""Photoshop files of other programs: what is to be seen is what they show, and what is not kept is told or refused."""

from pathlib import Path

import numpy as np
import pytest
from drawn_psds import add, add_block, document, saved, without_merged
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode as PsdBlend
from psd_tools.constants import Tag
from psd_tools.psd.descriptor import Bool, Descriptor, DescriptorBlock2
from psd_tools.psd.layer_and_mask import LayerBlendingRanges, MaskParameters
from psd_tools.psd.tagged_blocks import TaggedBlock

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, LayerKind
from lamina.imaging.formats import psd_rendering
from lamina.imaging.saving import load
from lamina.installation import install_command

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

FILES = Path(__file__).parent / "photoshop"
POINTS = ((2, 2), (5, 25), (15, 15), (15, 25), (40, 25), (40, 45))
GREY, WHITE, RED, PINK = (128,) * 3, (255,) * 3, (200, 40, 40), (164, 84, 84)
FOREIGN = {
    "blend_if_underlying_black_only": (GREY, GREY, RED, RED, RED, RED),
    "blendif_none": (GREY, GREY, RED, RED, RED, RED),
    "clip_on_group": (GREY, GREY, WHITE, RED, RED, WHITE),
    "clip_on_half_transparent_base": (GREY, GREY, (192,) * 3, PINK, PINK, (192,) * 3),
    "clip_on_multiply_base": (GREY, GREY, GREY, (100, 20, 20), (100, 20, 20), GREY),
    "half_group_overlap": (GREY, GREY, (192,) * 3, PINK, PINK, (192,) * 3),
    "mask_density_half": (GREY, GREY, RED, RED, PINK, PINK),
    "mask_feather": (GREY, GREY, RED, RED, GREY, GREY),
    "mask_plain": (GREY, GREY, RED, RED, GREY, GREY),
    "multiply_in_isolated_group": (GREY, GREY, RED, RED, RED, RED),
    "multiply_in_passthrough_group": (GREY, GREY, *((100, 20, 20),) * 4),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_groups_clipping_and_masks_look_as_in_the_file(name: str) -> None:
    flat = composite(load(FILES / f"{name}.psd")).astype(int)
    for (x, y), colour in zip(POINTS, FOREIGN[name], strict=True):
        assert np.abs(flat[y, x] - (*colour, 255)).max() <= 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("blend_if_underlying_black_only", "blend-if"),
        ("mask_feather", "a feathered mask"),
        ("clip_on_multiply_base", "layers clipped to"),
        ("multiply_in_isolated_group", "an isolated group"),
    ],
)
def test_what_is_not_kept_as_it_is_is_told(name: str, told: str) -> None:
    assert told in " ".join(load(FILES / f"{name}.psd").notes)


@pytest.mark.parametrize("name", ["blendif_none", "mask_plain", "multiply_in_passthrough_group"])
def test_what_is_kept_needs_no_word(name: str) -> None:
    assert load(FILES / f"{name}.psd").notes == ()


FLAT = {
    "bitmap": WHITE,
    "cmyk": RED,
    "cmyk_selection": RED,
    "deep": RED,
    "grey": (200,) * 3,
    "grey_selection": (200,) * 3,
    "multichannel": (200,) * 3,
    "saved_selection": RED,
    "saved_selection_named": RED,
}


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_file_is_its_picture_and_a_saved_selection_hides_nothing(name: str) -> None:
    stack = load(FILES / f"{name}.psd")
    assert len(stack) == 1
    flat = composite(stack)
    assert (flat[..., 3] == 255).all()
    assert np.abs(flat[2, 2, :3].astype(int) - FLAT[name]).max() <= 1
    assert any("saved selections" in note for note in stack.notes) == ("selection" in name)


@pytest.mark.parametrize(
    ("name", "lab"), [("lab", (200, 40, 40)), ("lab_flat", (200, 40, 40)), ("lab_layered", (200, 140, 120))]
)
def test_lab_is_converted_and_opaque(name: str, lab: tuple[int, int, int]) -> None:
    flat = composite(load(FILES / f"{name}.psd"))
    assert (flat[..., 3] == 255).all()
    assert np.abs(flat[0, 0, :3].astype(float) - _srgb_of_lab(*lab)).max() <= 2


def _srgb_of_lab(lightness: int, a: int, b: int) -> np.ndarray:
    """By CIE's and IEC's formulas, D50 as in ICC profiles, with Bradford's adaptation; cut off at what screens show."""
    fy = (lightness / 255 * 100 + 16) / 116
    f = np.array([fy + (a - 128) / 500, fy, fy - (b - 128) / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.9642, 1.0, 0.8249)
    to_linear = np.array(
        [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
    )
    linear = np.clip(to_linear @ xyz, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


class TestGroups:
    def test_a_normal_group_of_normal_layers_is_opened_out(self, tmp_path: Path) -> None:
        made = document()
        parts = [add(made, "A", (9, 9, 9, 100)), add(made, "B", (99, 9, 9, 200), size=4)]
        made.create_group(parts, "Group", blend_mode=PsdBlend.NORMAL)
        stack = load(saved(made, tmp_path / "a.psd"))
        assert ([layer.name for layer in stack], stack.notes) == (["Ground", "A", "B"], ())

    def test_a_half_transparent_group_without_overlaps_is_opened_out(self, tmp_path: Path) -> None:
        made = document()
        parts = [add(made, "A", (9, 9, 9), size=2), add(made, "B", (99, 9, 9), size=2, left=3)]
        made.create_group(parts, "Group", opacity=51)
        stack = load(saved(made, tmp_path / "a.psd"))
        assert [(layer.name, layer.opacity) for layer in stack] == [("Ground", 255), ("A", 51), ("B", 51)]

    def test_a_group_with_modes_of_its_own_is_opened_out_where_nothing_is_below(self, tmp_path: Path) -> None:
        made = PSDImage.new("RGB", (6, 6))
        parts = [add(made, "A", (100, 100, 100)), add(made, "B", (200, 100, 50))]
        parts[1].blend_mode = PsdBlend.MULTIPLY
        made.create_group(parts, "Group", blend_mode=PsdBlend.NORMAL)
        stack = load(saved(made, tmp_path / "a.psd"))
        assert [(layer.name, layer.blend) for layer in stack] == [("A", BlendMode.NORMAL), ("B", BlendMode.MULTIPLY)]

    def test_a_group_with_a_mode_is_one_layer_with_that_mode(self, tmp_path: Path) -> None:
        made = document()
        parts = [add(made, "A", (100, 100, 100)), add(made, "B", (200, 100, 50), size=3)]
        made.create_group(parts, "Group", blend_mode=PsdBlend.MULTIPLY, opacity=128)
        stack = load(saved(made, tmp_path / "a.psd"))
        assert [(layer.name, layer.blend) for layer in stack] == [
            ("Ground", BlendMode.NORMAL),
            ("Group", BlendMode.MULTIPLY),
        ]
        assert stack.notes == ("Rasterised (an isolated group): 'Group'.",)
        self._looks_as_psd_tools_draws_it(tmp_path / "a.psd")

    def test_hidden_layers_in_a_group_that_is_one_layer_are_told(self, tmp_path: Path) -> None:
        made = document()
        parts = [add(made, "A", (100, 100, 100)), add(made, "B", (200, 100, 50), size=3)]
        parts[1].visible = False
        made.create_group(parts, "Group", blend_mode=PsdBlend.MULTIPLY)
        notes = load(saved(made, tmp_path / "a.psd")).notes
        assert "Hidden layers in rasterised groups were omitted: 'B'." in notes

    def test_deep_nesting_of_all_kinds_looks_the_same(self, tmp_path: Path) -> None:
        made = document()
        inner = made.create_group([add(made, "A", (90, 190, 90, 120))], "Screen", blend_mode=PsdBlend.SCREEN)
        half = made.create_group([inner, add(made, "B", (20, 20, 220, 180), size=4)], "Half", opacity=100)
        made.create_group([half, add(made, "C", (240, 20, 20, 77), size=3)], "Outer", blend_mode=PsdBlend.OVERLAY)
        saved(made, tmp_path / "a.psd")
        self._looks_as_psd_tools_draws_it(tmp_path / "a.psd")

    def _looks_as_psd_tools_draws_it(self, path: Path) -> None:
        theirs = np.asarray(PSDImage.open(path).composite(force=True).convert("RGBA")).astype(int)
        assert np.abs(composite(load(path)) - theirs).max() <= 2


class TestAdjustments:
    def test_an_adjustment_is_a_layer_of_what_it_makes_of_the_layers_below(self, tmp_path: Path) -> None:
        made = document()
        add(made, "Square", (0, 0, 255), size=3)
        add_block(add(made, "Invert", (0, 0, 0), size=1), Tag.INVERT)
        add(made, "Above", (7, 7, 7), size=1)
        stack = load(saved(made, tmp_path / "a.psd"))
        assert [layer.name for layer in stack] == ["Ground", "Square", "Invert", "Above"]
        assert stack.notes[0] == "Rasterised to look right on the layers below (invert layers): 'Invert'."
        flat = composite(stack)
        assert [flat[y, x].tolist() for x, y in ((0, 0), (2, 2), (5, 5))] == [
            [7, 7, 7, 255],
            [255, 255, 0, 255],
            [55, 155, 205, 255],
        ]

    def test_over_something_that_shines_through_it_is_merged_with_what_is_below(self, tmp_path: Path) -> None:
        made = PSDImage.new("RGB", (6, 6))
        add(made, "A", (200, 100, 50, 128))
        add(made, "B", (0, 0, 255, 128), size=3)
        add_block(add(made, "Invert", (0, 0, 0), size=1), Tag.INVERT)
        stack = load(without_merged(made, tmp_path / "a.psd"))
        assert len(stack) == 1
        assert "Merged with all visible layers below (invert layers): 'Invert'." in stack.notes
        assert composite(stack)[5, 5].tolist() == [55, 155, 205, 128]

    def test_one_that_is_not_drawn_is_refused_by_name(self, tmp_path: Path) -> None:
        made = document()
        add_block(add(made, "Vivid", (0, 0, 0), size=1), Tag.VIBRANCE)
        with pytest.raises(LaminaError, match="'Vivid' has the adjustment vibrance, which is not supported"):
            load(without_merged(made, tmp_path / "a.psd"))


class TestUnknownFeatures:
    def test_blend_if_is_refused_where_nothing_can_be_checked(self, tmp_path: Path) -> None:
        made = document()
        layer = add(made, "If", (0, 0, 0))
        layer._record.blending_ranges = LayerBlendingRanges([(0, 30000), (0, 65535)], [])
        with pytest.raises(LaminaError, match="'If' has blend-if") as caught:
            load(without_merged(made, tmp_path / "a.psd"))
        assert caught.value.code is ErrorCode.INPUT_NOT_A_STACK
        assert caught.value.hint

    def test_a_feathered_mask_is_refused_where_nothing_can_be_checked(self, tmp_path: Path) -> None:
        made = document()
        layer = add(made, "Soft", (0, 0, 0))
        layer.create_mask(Image.linear_gradient("L").resize((6, 6)))
        layer._record.mask_data.parameters = MaskParameters(user_mask_feather=3.0)
        layer._record.mask_data.flags.parameters_applied = True
        with pytest.raises(LaminaError, match="'Soft' has a feathered mask"):
            load(without_merged(made, tmp_path / "a.psd"))

    def test_data_of_an_unknown_kind_is_refused_where_nothing_can_be_checked(self, tmp_path: Path) -> None:
        made = document()
        blocks = add(made, "New", (0, 0, 0))._record.tagged_blocks
        blocks[b"nEwK"] = TaggedBlock(key=b"nEwK", data=b"\0\0\0\0")
        with pytest.raises(LaminaError, match="'New' has data of the kind 'nEwK'"):
            load(without_merged(made, tmp_path / "a.psd"))

    def test_effects_that_do_not_say_that_they_are_present_count(self, tmp_path: Path) -> None:
        made = document()
        shadow = Descriptor(classID=b"DrSh", items=[(b"enab", Bool(True))])
        effects = [(b"masterFXSwitch", Bool(True)), (b"DrSh", shadow)]
        block = DescriptorBlock2(version=0, data_version=16, classID=b"null", items=effects)
        key = Tag.OBJECT_BASED_EFFECTS_LAYER_INFO
        add(made, "Old", (0, 0, 0))._record.tagged_blocks[key] = TaggedBlock(key=key, data=block)
        with pytest.raises(LaminaError, match="'Old' has the layer effect drop shadow"):
            load(without_merged(made, tmp_path / "a.psd"))

    def test_hidden_layers_may_have_any(self, tmp_path: Path) -> None:
        made = document()
        add_block(add(made, "Vivid", (0, 0, 0), size=1), Tag.VIBRANCE)
        made[1].visible = False
        stack = load(without_merged(made, tmp_path / "a.psd"))
        assert ("Vivid" in " ".join(stack.notes)) or stack[1].is_hidden
        assert composite(stack)[0, 0].tolist() == [200, 100, 50, 255]

    def test_layers_that_do_not_add_up_to_the_merged_picture_are_refused_with_the_difference(
        self, tmp_path: Path
    ) -> None:
        made = document()
        add(made, "Above", (0, 0, 0), size=3)
        saved(made, tmp_path / "a.psd")
        again = PSDImage.open(tmp_path / "a.psd")
        again[1].visible = False
        with (tmp_path / "b.psd").open("wb") as file:
            again._record.write(file)
        with pytest.raises(LaminaError, match="differ from the merged image in the file by 29 of 255"):
            load(tmp_path / "b.psd")


class TestOtherNumbers:
    def test_multiply_in_cmyk_looks_as_it_does_in_ink(self, tmp_path: Path) -> None:
        made = document(colour=(0, 128, 128, 0), mode="CMYK")
        above = made.create_pixel_layer(Image.new("CMYK", (3, 3), (128, 0, 128, 30)), "Ink")
        above.blend_mode = PsdBlend.MULTIPLY
        stack = load(saved(made, tmp_path / "a.psd"))
        theirs = PSDImage.open(tmp_path / "a.psd").topil()
        assert theirs is not None
        assert [layer.name for layer in stack] == ["Ground", "Ink"]
        assert np.abs(composite(stack)[..., :3].astype(int) - np.asarray(theirs.convert("RGB"))).max() <= 2

    def test_text_and_kinds_are_told(self, tmp_path: Path) -> None:
        stack = load(saved(document(), tmp_path / "a.psd"))
        assert [layer.kind for layer in stack] == [LayerKind.BACKGROUND]


class TestBounds:
    def test_drawing_more_than_allowed_is_refused(self, tmp_path: Path) -> None:
        made = document(size=40)
        for number in range(12):
            above = add(made, f"Burn {number}", (155, 155, 155), size=40)
            above.blend_mode = PsdBlend.LINEAR_BURN
        without_merged(made, tmp_path / "a.psd")
        assert len(load(tmp_path / "a.psd")) == 13
        with pytest.raises(LaminaError, match="too large or too many to render") as caught:
            load(tmp_path / "a.psd", max_megapixels=0.0033)
        assert caught.value.code is ErrorCode.INPUT_TOO_LARGE

    def test_missing_packages_are_named_with_how_to_install_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(psd_rendering, "has_rendering_packages", lambda: False)
        made = document()
        add_block(add(made, "Invert", (0, 0, 0), size=1), Tag.INVERT)
        with pytest.raises(LaminaError, match=r"'Invert' .* aggdraw and SciPy") as caught:
            load(without_merged(made, tmp_path / "a.psd"))
        assert install_command("psd") in caught.value.hint


def test_the_zero_with_which_krita_ends_names_is_no_part_of_them(tmp_path: Path) -> None:
    made = document()
    add(made, "Sun\0", (200, 40, 40))
    assert [layer.name for layer in load(saved(made, tmp_path / "a.psd"))] == ["Ground", "Sun"]
