"""Customises the RapidOCR engine: sessions, detection order and preprocessing; importing this loads ONNX Runtime."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR
from rapidocr.ch_ppocr_det import TextDetector
from rapidocr.ch_ppocr_det.utils import DetPreProcess
from rapidocr.ch_ppocr_rec import TextRecognizer

from lamina.engines.classic.parallel import THREADS
from lamina.engines.onnx_session import cpu_session


class Reader(RapidOCR):
    """RapidOCR with custom sessions, and without cropping of detected lines, which `ocr.strip` does."""

    text_det: Any
    text_rec: Any

    def crop_text_regions(self, img: Any, det_boxes: Any) -> list[Any]:
        del img, det_boxes
        return []

    def recogniser(self) -> TextRecognizer:
        """The recogniser, which `recognition` runs: RapidOCR returns no character positions and has no batch limit."""
        return self._load_rec_model()

    def _load_det_model(self) -> TextDetector:
        if self.text_det is None:
            self.text_det = _Detector(_with_session(self.cfg.Det, THREADS, keeps_memory=True))
        return self.text_det

    def _load_rec_model(self) -> TextRecognizer:
        if self.text_rec is None:
            self.cfg.Rec.font_path = self.cfg.Global.font_path
            # Strips have any width, so that memory of one run seldom fits the next. Several strips are read in
            # parallel, which is faster than several threads per strip.
            self.text_rec = TextRecognizer(_with_session(self.cfg.Rec, 1, keeps_memory=False))
        return self.text_rec


class _Detector(TextDetector):
    limit_side_len: Any
    limit_type: Any

    @staticmethod
    def sorted_boxes(dt_boxes: Any) -> Any:
        """Unchanged, because RapidOCR would sort the boxes without their scores."""
        return dt_boxes

    def get_preprocess(self) -> DetPreProcess:
        return _LookupPreProcess(self.limit_side_len, self.limit_type, self.mean, self.std)


class _LookupPreProcess(DetPreProcess):
    """The normalisation of RapidOCR by a lookup table of the 256 levels instead of 64-bit arithmetic."""

    def __call__(self, img: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """(1, 3, h, w) of an image (height, width, 3); None if it is too thin."""
        resized = self.resize(img)
        if resized is None:
            return None
        every_level = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 1, 3)
        table = np.asarray(self.normalize(every_level), np.float32)
        return np.asarray(np.stack(cv2.split(cv2.LUT(resized, table)))[None], np.float32)


def _with_session(section: Any, threads: int, *, keeps_memory: bool) -> Any:
    """A section of RapidOCR's configuration with a custom session, whose options RapidOCR does not expose.

    `threads`: per run. `keeps_memory`: reuses the memory of previous runs.
    """
    session = cpu_session(section.model_path, threads, keeps_memory=keeps_memory)
    return type(section)({**section, "session": session}, flags={"allow_objects": True})
