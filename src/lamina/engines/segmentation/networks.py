"""Lists the networks that see photographs, how each wants its input, and chooses those that are installed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lamina.core.mask_networks import BIREFNET_LITE, SAM2_TINY, MaskNetwork
from lamina.engines.segmentation.model_files import ModelFile, ModelFileError, check_interface

_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of sRGB in 0..1


@dataclass(frozen=True, slots=True, kw_only=True)
class SaliencyNetwork:
    """A network that maps a picture, squeezed into a square of `side_px`, to what is salient in it.

    `is_stretched`: the picture is divided by its largest value instead of 255. `is_logits`: the output needs a sigmoid.
    """

    file: ModelFile
    side_px: int
    input: str
    output: str
    is_stretched: bool = False
    is_logits: bool = False
    mean: tuple[float, float, float] = _IMAGENET_MEAN
    deviation: tuple[float, float, float] = _IMAGENET_DEVIATION

    def check(self) -> None:
        """Loads it. Raises `ModelFileError`."""
        check_interface(self.file, {self.input}, {self.output})


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptNetwork:
    """An encoder of pictures, and a decoder of masks of what is in boxes.

    `image`: the encoder's input, of `side_px`. `features`: outputs of the encoder, by the inputs of the decoder that
    take them. `masks`: how many the decoder has for a box, in `outputs`: logits at a quarter of `side_px`, and their
    predicted qualities. `is_squeezed`: the picture is squeezed into the square, instead of padded at the right or the
    bottom. `ends_with_padding`: the decoder was exported for points, which end with one that is none. `batch`: boxes at
    a time; memory grows with it.
    """

    encoder: ModelFile
    decoder: ModelFile
    image: str
    features: tuple[tuple[str, str], ...]
    outputs: tuple[str, str]
    masks: int
    side_px: int = 1024
    is_squeezed: bool = False
    ends_with_padding: bool = False
    batch: int = 1
    mean: tuple[float, float, float] = _IMAGENET_MEAN
    deviation: tuple[float, float, float] = _IMAGENET_DEVIATION

    def check(self) -> None:
        """Loads both. Raises `ModelFileError`."""
        prompts = {"point_coords", "point_labels", "mask_input", "has_mask_input"}
        check_interface(self.encoder, {self.image}, {output for _, output in self.features})
        check_interface(self.decoder, prompts | {taken for taken, _ in self.features}, set(self.outputs))


U2NETP = SaliencyNetwork(
    file=ModelFile("u2netp.onnx", "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"),
    side_px=320,
    input="input.1",
    output="1959",
    is_stretched=True,
)
MOBILE_SAM = PromptNetwork(
    encoder=ModelFile("mobile_sam_encoder.onnx", "11b0715e90dfcfcc9185af0b54dc3ef270c1c14fa30887063c2a56d6c4b53eb1"),
    decoder=ModelFile("mobile_sam_decoder.onnx", "19acc75452715b8fab65dbdd11802335fdbe63fa130df212eeae5ecf9e582af1"),
    image="input",
    features=(("image_embeddings", "output"),),
    outputs=("/Reshape_9_output_0", "/iou_prediction_head/layers.2/Gemm_output_0"),
    masks=4,
    ends_with_padding=True,
    batch=2,
)


@dataclass(frozen=True, slots=True)
class MaskNetworks:
    """The networks for a photograph. `notes`: for the user, on installed ones that cannot be used."""

    salience: SaliencyNetwork = U2NETP
    prompts: PromptNetwork = MOBILE_SAM
    notes: tuple[str, ...] = ()

    @property
    def are_shipped(self) -> bool:
        """Whether both are those in the wheel."""
        return self.salience is U2NETP and self.prompts is MOBILE_SAM


SHIPPED = MaskNetworks()


def installed_networks(models: Path | None) -> MaskNetworks:
    """Those that are installed in the folder `models`, loaded and checked; else those in the wheel."""
    if models is None:
        return SHIPPED
    larger_salience, larger_prompts = birefnet_lite(models / BIREFNET_LITE.name), sam2_tiny(models / SAM2_TINY.name)
    has_salience, salience_notes = _is_usable(BIREFNET_LITE, models, larger_salience.check)
    has_prompts, prompt_notes = _is_usable(SAM2_TINY, models, larger_prompts.check)
    return MaskNetworks(
        larger_salience if has_salience else U2NETP,
        larger_prompts if has_prompts else MOBILE_SAM,
        (*salience_notes, *prompt_notes),
    )


def _is_usable(network: MaskNetwork, models: Path, check: Callable[[], None]) -> tuple[bool, tuple[str, ...]]:
    """Whether a network is installed and as it should be; with a note if only the latter is wrong."""
    if not (models / network.name).is_dir():
        return False, ()
    try:
        check()
    except ModelFileError as error:
        hint = f"To install it again: lamina pull {network.name}."
        return False, (f"{error} The network in the package was used instead. {hint}",)
    return True, ()


def birefnet_lite(folder: Path) -> SaliencyNetwork:
    """As its authors export it: ImageNet's mean and deviation, squeezed; the output before the sigmoid."""
    (model,) = _files(BIREFNET_LITE, folder)
    return SaliencyNetwork(file=model, side_px=512, input="input_image", output="output_image", is_logits=True)


def sam2_tiny(folder: Path) -> PromptNetwork:
    """As samexporter exports it (samexporter/export_sam2.py): three masks, and the padding point within the graph."""
    encoder, decoder = _files(SAM2_TINY, folder)
    features = ("image_embed", "high_res_feats_0", "high_res_feats_1")
    return PromptNetwork(
        encoder=encoder,
        decoder=decoder,
        image="image",
        features=tuple((name, name) for name in features),
        outputs=("masks", "iou_predictions"),
        masks=3,
        is_squeezed=True,
    )


def _files(network: MaskNetwork, folder: Path) -> list[ModelFile]:
    return [ModelFile(file.name, file.sha256, folder) for file in network.files]
