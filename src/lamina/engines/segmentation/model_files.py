"""Loads the ONNX models that the wheel ships, after a check of their content, once per process."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lamina.engines.onnx_session import cpu_session

_THREADS = 2


class ModelFileError(Exception):
    """A model file is missing, or it is not the file that it should be."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`name`: in the folder models; `sha256` of its content, in hexadecimal."""

    name: str
    sha256: str


ENCODER = ModelFile("mobile_sam_encoder.onnx", "11b0715e90dfcfcc9185af0b54dc3ef270c1c14fa30887063c2a56d6c4b53eb1")
DECODER = ModelFile("mobile_sam_decoder.onnx", "19acc75452715b8fab65dbdd11802335fdbe63fa130df212eeae5ecf9e582af1")
SALIENCY = ModelFile("u2netp.onnx", "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8")


@cache
def session(model: ModelFile) -> Any:
    """The ONNX Runtime session of a model, created once per process.

    It is made from the checked bytes, not from the path: what runs is what was checked, and such a session can load no
    external data. Raises `ModelFileError`.
    """
    # The memory that could be kept of one picture for the next is 380 MB.
    return cpu_session(_content(model), _THREADS, keeps_memory=False)


def _content(model: ModelFile) -> bytes:
    try:
        content = files("lamina.engines.segmentation").joinpath("models", model.name).read_bytes()
    except OSError as error:
        raise ModelFileError(f"The model file {model.name} cannot be read.") from error
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise ModelFileError(f"The model file {model.name} is damaged.")
    return content
