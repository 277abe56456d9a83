"""The networks for masks of photographs that can be installed beside those in the wheel, and what their files are."""

from dataclasses import dataclass

MASKS_LARGE = "masks-large"
"""The name of all of them together."""


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """A file of a network. `name`: its path in the repository; `sha256` of its content, in hexadecimal."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskNetwork:
    """A network that can be downloaded from a repository of the Hugging Face Hub.

    `name`: also of its folder in the models folder. `revision`: a commit, or a branch where no commit is known; either
    way the contents of the files are fixed. `licence`: that of the weights.
    """

    name: str
    title: str
    repository: str
    revision: str
    licence: str
    files: tuple[NetworkFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


SAM2_TINY = MaskNetwork(
    name="sam2-hiera-tiny",
    title="SAM 2 (Hiera tiny): masks of what is in boxes",
    repository="SharpAI/sam2-hiera-tiny-onnx",
    revision="main",
    licence="Apache-2.0",
    files=(
        NetworkFile("encoder.onnx", 134_261_315, "df265cb552475e1b3a6cb57c939e57c95ed849bfc2f985c06efab85d8bca6db9"),
        NetworkFile("decoder.onnx", 20_639_854, "63198f1f1e273d8f2f4a9d1baf926e53a01d78dc50e0674640e1513dc00d9927"),
    ),
)

BIREFNET_LITE = MaskNetwork(
    name="birefnet-lite-512",
    title="BiRefNet lite at 512 px: what is salient",
    repository="studioludens/birefnet-lite-512",
    revision="4a3c40c36c94093cc1e724d9ea428b8fa4b57dc7",
    licence="MIT",
    files=(
        NetworkFile("onnx/model.onnx", 191_877_254, "1cb0fb360dadd15af77c639085d77a9df67db0c64315560c3de005f676345ac2"),
    ),
)

MASK_NETWORKS = {network.name: network for network in (SAM2_TINY, BIREFNET_LITE)}


def networks_named(name: str) -> tuple[MaskNetwork, ...]:
    """All for "masks-large", or the one of that name; empty if the name is another."""
    if name == MASKS_LARGE:
        return tuple(MASK_NETWORKS.values())
    return (MASK_NETWORKS[name],) if name in MASK_NETWORKS else ()
