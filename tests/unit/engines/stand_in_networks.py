"""Small networks with the inputs and outputs of those that `lamina pull masks-large` downloads, to test their use.

The stand-in for SAM 2 answers with the box itself as its first mask, the left half of it as the second and nothing as
the third. Its qualities are 0.9 and a hundredth of the means of the red, green and blue that it got, which shows how
they were scaled. That for BiRefNet takes for salient what is red.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from lamina.core.mask_networks import BIREFNET_LITE, SAM2_TINY, MaskNetwork, NetworkFile

_OPSET, _IR = 17, 8
_PIXELS = 256  # side of the masks; each is 4 pixels of the picture wide
_SIDES = {"left": (0, 0), "top": (0, 1), "right": (1, 0), "bottom": (1, 1)}  # of a box: point and axis of its prompt


def write_sam2(folder: Path) -> MaskNetwork:
    """Writes the stand-in for SAM 2; returns what `core.mask_networks` would say of it."""
    _save(folder / "encoder.onnx", _sam2_encoder())
    _save(folder / "decoder.onnx", _sam2_decoder())
    return described(SAM2_TINY, folder)


def write_birefnet(folder: Path) -> MaskNetwork:
    """Writes the stand-in for BiRefNet; returns what `core.mask_networks` would say of it."""
    _save(folder / "onnx" / "model.onnx", _birefnet())
    return described(BIREFNET_LITE, folder)


def described(network: MaskNetwork, folder: Path) -> MaskNetwork:
    """The network with the lengths and checksums of the files in the folder."""
    contents = {file.name: (folder / file.name).read_bytes() for file in network.files}
    files = (NetworkFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in contents.items())
    return replace(network, files=tuple(files))


def _sam2_encoder() -> onnx.ModelProto:
    """The mean colours go into the first three channels of the embedding; the other outputs are pooled pixels."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=1),
        helper.make_node("Pad", ["means", "to_embedding"], ["padded"]),
        helper.make_node("Expand", ["padded", "embedding_shape"], ["image_embed"]),
        helper.make_node("Expand", ["zero", "first_shape"], ["high_res_feats_0"]),
        helper.make_node("Expand", ["zero", "second_shape"], ["high_res_feats_1"]),
    ]
    shapes = {
        "image_embed": [1, 256, 64, 64],
        "high_res_feats_0": [1, 32, 256, 256],
        "high_res_feats_1": [1, 64, 128, 128],
    }
    constants = {
        "to_embedding": np.array([0, 0, 0, 0, 0, 253, 0, 0]),
        "zero": np.zeros((1, 1, 1, 1), np.float32),
        "embedding_shape": np.array(shapes["image_embed"]),
        "first_shape": np.array(shapes["high_res_feats_0"]),
        "second_shape": np.array(shapes["high_res_feats_1"]),
    }
    return _model(nodes, {"image": [1, 3, 1024, 1024]}, shapes, constants)


def _sam2_decoder() -> onnx.ModelProto:
    centres = (np.arange(_PIXELS, dtype=np.float32) + 0.5) * 4
    nodes = [
        *(helper.make_node("Slice", ["point_coords", f"{side}_start", f"{side}_end"], [side]) for side in _SIDES),
        helper.make_node("Add", ["left", "right"], ["sum_x"]),
        helper.make_node("Mul", ["sum_x", "half"], ["middle"]),
        helper.make_node("Sub", ["x", "left"], ["from_left"]),
        helper.make_node("Sub", ["right", "x"], ["from_right"]),
        helper.make_node("Sub", ["middle", "x"], ["from_middle"]),
        helper.make_node("Sub", ["y", "top"], ["from_top"]),
        helper.make_node("Sub", ["bottom", "y"], ["from_bottom"]),
        helper.make_node("Min", ["from_left", "from_right", "from_top", "from_bottom"], ["whole"]),
        helper.make_node("Min", ["from_left", "from_middle", "from_top", "from_bottom"], ["part"]),
        helper.make_node("Expand", ["nowhere", "mask_shape"], ["none"]),
        helper.make_node("Concat", ["whole", "part", "none"], ["all"], axis=1),
        helper.make_node("Sub", ["point_labels", "box_labels"], ["other"]),
        helper.make_node("Abs", ["other"], ["other_size"]),
        helper.make_node("ReduceSum", ["other_size"], ["mistakes"], keepdims=0),
        helper.make_node("Mul", ["mistakes", "much"], ["penalty"]),
        helper.make_node("Sub", ["all", "penalty"], ["judged"]),
        helper.make_node("Clip", ["judged", "lowest", "highest"], ["masks"]),
        helper.make_node("Slice", ["image_embed", "zeros4", "means_end"], ["means"]),
        helper.make_node("Mul", ["means", "little"], ["small_means"]),
        helper.make_node("Add", ["small_means", "good"], ["qualities"]),
        helper.make_node("Reshape", ["qualities", "quality_shape"], ["iou_predictions"]),
    ]  # fmt: skip
    constants = {
        "x": centres.reshape(1, 1, 1, -1),
        "y": centres.reshape(1, 1, -1, 1),
        "half": np.array(0.5, np.float32),
        "much": np.array(1000, np.float32),
        "little": np.array(0.01, np.float32),
        "good": np.array(0.9, np.float32),
        "lowest": np.array(-32, np.float32),
        "highest": np.array(32, np.float32),
        "nowhere": np.full((1, 1, 1, 1), -32, np.float32),
        "mask_shape": np.array([1, 1, _PIXELS, _PIXELS]),
        "box_labels": np.array([[2, 3]], np.float32),
        "zeros4": np.array([0, 0, 0, 0]),
        "means_end": np.array([1, 3, 1, 1]),
        "quality_shape": np.array([1, 3]),
    }
    for side, (point, axis) in _SIDES.items():
        constants |= {f"{side}_start": np.array([0, point, axis]), f"{side}_end": np.array([1, point + 1, axis + 1])}
    inputs: dict[str, Sequence[int | str]] = {
        "image_embed": [1, 256, 64, 64],
        "high_res_feats_0": [1, 32, 256, 256],
        "high_res_feats_1": [1, 64, 128, 128],
        "point_coords": ["num_labels", "num_points", 2],
        "point_labels": ["num_labels", "num_points"],
        "mask_input": ["num_labels", 1, 256, 256],
        "has_mask_input": ["num_labels"],
    }
    return _model(nodes, inputs, {"masks": [1, 3, _PIXELS, _PIXELS], "iou_predictions": [1, 3]}, constants)


def _birefnet() -> onnx.ModelProto:
    """Logits that grow with red and fall with green and blue."""
    weights = np.array([9, -9, -2], np.float32).reshape(1, 3, 1, 1)
    nodes = [helper.make_node("Conv", ["input_image", "weights"], ["output_image"])]
    inputs, outputs = {"input_image": [1, 3, 512, 512]}, {"output_image": [1, 1, 512, 512]}
    return _model(nodes, inputs, outputs, {"weights": weights})


def _model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, np.ndarray],
) -> onnx.ModelProto:
    taken, given = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values.items()]
        for values in (inputs, outputs)
    )
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "stand-in", taken, given, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return model


def _save(path: Path, model: onnx.ModelProto) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
