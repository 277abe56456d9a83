"""Loads the OCR networks, which RapidOCR's wheel contains, so that nothing is downloaded.

RapidOCR itself is not imported: that takes a second, for the configuration of engines that are not used.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lamina.engines.onnx_session import cpu_session

DETECTION_MODEL, RECOGNITION_MODEL = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"


def ocr_model_files() -> list[Path]:
    """The models that are installed; empty without RapidOCR."""
    package = find_spec("rapidocr")
    folders = package.submodule_search_locations if package is not None else None
    return sorted(model for folder in folders or [] for model in Path(folder, "models").glob("*.onnx"))


def ocr_session(model: str, threads: int, *, keeps_memory: bool) -> Any:
    """The session of ONNX Runtime for one of the models; the options are those of `cpu_session`."""
    files = {path.name: path for path in ocr_model_files()}
    return cpu_session(str(files[model]), threads, keeps_memory=keeps_memory)
