"""What psd-tools, as another program, sees in our Photoshop files, and what we make of files that are not ours."""

from pathlib import Path

import numpy as np
import pytest
from drawn_stacks import full_stack, line, noise, opaque
from PIL import Image
from psd_tools import PSDImage
from psd_tools.api.layers import Group as PsdGroup
from psd_tools.constants import BlendMode as PsdBlend

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import grouped
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack
from lamina.imaging.saving import load, save

FROM_0_3 = Path(__file__).parent / "lamina_0_3"


def test_names_places_and_switches_are_where_photoshop_looks(tmp_path: Path) -> None:
    document = PSDImage.open(save(full_stack(), tmp_path / "a.psd"))
    layers = [source for source in document.descendants() if not source.is_group()]
    assert [layer.name for layer in layers] == [layer.name for layer in full_stack()]
    for source, layer in zip(layers, full_stack(), strict=True):
        assert (source.left, source.top, source.width, source.height) == layer.box
        assert (source.opacity, source.visible) == (layer.opacity, not layer.is_hidden)
    assert [source.locks is not None and source.locks.complete for source in layers] == [
        layer.is_locked for layer in full_stack()
    ]


def test_groups_are_pass_through_folders_as_they_are_nested(tmp_path: Path) -> None:
    card, inner = Group("Karte 卡", LayerKind.PANEL, is_locked=True), Group("Inner", is_hidden=True)
    layers = [Layer(f"{i} 文", LayerKind.TEXT, noise(4, 4, i)) for i in range(4)]
    stack = LayerStack(4, 4, (layers[0], *grouped((layers[1], *grouped(layers[2:3], inner), layers[3]), card)))
    document = PSDImage.open(save(stack, tmp_path / "a.psd"))
    assert [layer.name for layer in document] == ["0 文", "Karte 卡"]
    folder = document[1]
    assert isinstance(folder, PsdGroup)
    assert folder.blend_mode is PsdBlend.PASS_THROUGH
    assert (folder.visible, folder.opacity, folder.locks is not None and folder.locks.complete) == (True, 255, True)
    assert [layer.name for layer in folder] == ["1 文", "Inner", "3 文"]
    hidden = folder[1]
    assert isinstance(hidden, PsdGroup)
    assert (hidden.visible, hidden[0].name, hidden[0].visible) == (False, "2 文", True)
    assert load(tmp_path / "a.psd").has_same_content(stack)


def test_the_stored_flat_picture_is_the_composite(tmp_path: Path) -> None:
    preview = PSDImage.open(save(full_stack(), tmp_path / "a.psd")).topil()
    assert preview is not None
    assert np.array_equal(np.asarray(preview.convert("RGBA")), composite(full_stack()))


def test_a_flat_picture_with_transparency_is_matted_on_white(tmp_path: Path) -> None:
    stack = LayerStack(8, 8, (Layer("Faint", LayerKind.OBJECT, noise(8, 8)),))
    preview = PSDImage.open(save(stack, tmp_path / "a.psd")).topil()
    assert preview is not None
    seen, flat = np.asarray(preview).astype(int), composite(stack).astype(int)
    assert np.array_equal(seen[..., 3], flat[..., 3])
    solid = flat[..., 3] == 255
    assert np.array_equal(seen[solid], flat[solid])
    matted = (seen - flat) * flat[..., 3:] / 255
    assert np.abs(matted).max() <= 1.01


@pytest.mark.parametrize("blend", BlendMode)
def test_psd_tools_composites_each_mode_as_we_do(blend: BlendMode, tmp_path: Path) -> None:
    ground = Layer("Ground", LayerKind.BACKGROUND, opaque(16, 16, (60, 120, 190)))
    stack = LayerStack(16, 16, (ground, Layer("Above", LayerKind.OBJECT, noise(16, 16), opacity=200, blend=blend)))
    document = PSDImage.open(save(stack, tmp_path / "a.psd"))
    theirs = np.asarray(document.composite(ignore_preview=True).convert("RGBA")).astype(int)
    # Photoshop's soft light is another curve than that of the W3C for bright colours.
    allowed = 16 if blend is BlendMode.SOFT_LIGHT else 2
    assert np.abs(theirs - composite(stack)).max() <= allowed


def test_a_layer_renamed_or_removed_elsewhere_keeps_its_kind_and_text(tmp_path: Path) -> None:
    document = PSDImage.open(save(full_stack(), tmp_path / "a.psd"))
    document[2][2].name = "Neuer Ordner"
    document[2][2][0].name = "Neuer Titel"
    document[1].delete_layer()
    document.save(tmp_path / "edited.psd")
    again = load(tmp_path / "edited.psd")
    assert [layer.name for layer in again][3:] == ["Neuer Titel", "Line: sale"]
    assert [layer.kind for layer in again][3:] == [LayerKind.TEXT] * 2
    assert [(group.name, group.kind) for group in again[3].groups] == [
        ("Card <1>", LayerKind.PANEL),
        ("Neuer Ordner", LayerKind.TEXT),
    ]
    assert again[3].text == (line(),)


def test_the_folders_of_text_that_lamina_0_3_added_are_no_groups() -> None:
    """Up to Lamina 0.3, text layers that follow each other were in a folder "Text"."""
    document = PSDImage.open(FROM_0_3 / "folders.psd")
    assert [layer.name for layer in document] == ["Background", "Text", "Panel"]
    assert load(FROM_0_3 / "folders.psd").has_same_content(load(FROM_0_3 / "folders.zip"))


@pytest.mark.filterwarnings("ignore::UserWarning")
class TestOtherPrograms:
    def test_groups_pass_through_and_give_their_opacity_to_their_layers(self, tmp_path: Path) -> None:
        document = PSDImage.new("RGBA", (10, 8))
        document.create_pixel_layer(Image.new("RGBA", (10, 8), (1, 2, 3, 255)), "Ground")
        inner = document.create_pixel_layer(
            Image.new("RGBA", (2, 2), (9, 9, 9, 255)), "Inner", top=1, left=-1, opacity=100
        )
        document.create_group([inner], "Group", opacity=51).visible = False
        document.save(tmp_path / "b.psd")
        stack = load(tmp_path / "b.psd")
        assert [(layer.name, layer.kind) for layer in stack] == [
            ("Ground", LayerKind.BACKGROUND),
            ("Inner", LayerKind.OBJECT),
        ]
        assert (stack[1].box, stack[1].opacity, stack[1].is_hidden) == ((-1, 1, 2, 2), 20, False)
        assert [(group.name, group.kind, group.is_hidden) for group in stack[1].groups] == [
            ("Group", LayerKind.OBJECT, True)
        ]

    def test_a_pixel_mask_limits_the_alpha(self, tmp_path: Path) -> None:
        document = PSDImage.new("RGBA", (4, 4))
        layer = document.create_pixel_layer(Image.new("RGBA", (4, 4), (1, 2, 3, 255)), "Masked")
        layer.create_mask(Image.linear_gradient("L").resize((4, 4)))
        document.save(tmp_path / "b.psd")
        alpha = load(tmp_path / "b.psd")[0].pixels[..., 3]
        assert np.array_equal(alpha, np.asarray(Image.linear_gradient("L").resize((4, 4))))

    def test_clipping_limits_the_alpha_of_layers_on_a_solid_base(self, tmp_path: Path) -> None:
        document = PSDImage.new("RGBA", (4, 4))
        document.create_pixel_layer(Image.new("RGBA", (2, 4), (1, 2, 3, 255)), "Base", left=1)
        document.create_pixel_layer(Image.new("RGBA", (4, 4), (9, 9, 9, 200)), "Clipped").clipping = True
        document.save(tmp_path / "b.psd")
        stack = load(tmp_path / "b.psd")
        assert [layer.name for layer in stack] == ["Base", "Clipped"]
        assert stack[1].pixels[..., 3].tolist() == [[0, 200, 200, 0]] * 4

    def test_layers_clipped_to_a_soft_base_are_one_with_it(self, tmp_path: Path) -> None:
        document = PSDImage.new("RGBA", (4, 4))
        document.create_pixel_layer(Image.new("RGBA", (2, 4), (1, 2, 3, 128)), "Base", left=1)
        document.create_pixel_layer(Image.new("RGBA", (4, 4), (9, 9, 9, 255)), "Clipped").clipping = True
        document.save(tmp_path / "b.psd")
        stack = load(tmp_path / "b.psd")
        assert composite(stack)[0].tolist() == [[0, 0, 0, 0], [9, 9, 9, 128], [9, 9, 9, 128], [0, 0, 0, 0]]
        assert stack.notes == ("Rasterised (layers clipped to a translucent or blended layer): 'Base'.",)

    def test_a_file_without_layers_is_its_flat_picture(self, tmp_path: Path) -> None:
        image = Image.linear_gradient("L").convert("RGB")
        PSDImage.frompil(image).save(tmp_path / "b.psd")
        stack = load(tmp_path / "b.psd")
        assert np.array_equal(composite(stack)[..., :3], np.asarray(image))
        assert stack[0].kind is LayerKind.BACKGROUND

    def test_greyscale_comes_as_rgba(self, tmp_path: Path) -> None:
        document = PSDImage.new("L", (3, 3))
        document.create_pixel_layer(Image.new("L", (3, 3), 77), "Grey")
        document.save(tmp_path / "b.psd")
        assert load(tmp_path / "b.psd")[0].pixels[0, 0].tolist() == [77, 77, 77, 255]

    def test_a_blend_mode_that_stacks_do_not_have_becomes_pixels_with_a_note(self, tmp_path: Path) -> None:
        document = PSDImage.new("RGB", (3, 3))
        document.create_pixel_layer(Image.new("RGB", (3, 3), (200, 100, 50)), "Ground")
        document.create_pixel_layer(Image.new("RGB", (2, 2), (155, 155, 155)), "Odd", blend_mode=PsdBlend.LINEAR_BURN)
        document.save(tmp_path / "b.psd")
        stack = load(tmp_path / "b.psd")
        assert [(layer.name, layer.blend) for layer in stack] == [
            ("Ground", BlendMode.NORMAL),
            ("Odd", BlendMode.NORMAL),
        ]
        assert composite(stack)[0].tolist() == [[100, 0, 0, 255], [100, 0, 0, 255], [200, 100, 50, 255]]
        assert stack.notes == ("Rasterised to look right on the layers below (the blend mode linear burn): 'Odd'.",)

    def test_what_is_not_drawn_is_refused_by_name_where_it_would_show(self, tmp_path: Path) -> None:
        document = PSDImage.new("RGB", (3, 3))
        document.create_pixel_layer(Image.new("RGB", (3, 3), (200, 100, 50)), "Ground")
        odd = document.create_pixel_layer(Image.new("RGB", (3, 3), (0, 0, 0)), "Odd", opacity=128)
        document.save(tmp_path / "b.psd")
        odd.blend_mode = PsdBlend.DISSOLVE
        odd.opacity = 40
        with (tmp_path / "b.psd").open("wb") as file:
            document._record.write(file)  # without a new merged picture
        with pytest.raises(LaminaError, match="'Odd' has the blend mode dissolve") as caught:
            load(tmp_path / "b.psd")
        assert caught.value.code is ErrorCode.INPUT_NOT_A_STACK
