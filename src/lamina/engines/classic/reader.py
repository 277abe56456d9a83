"""RapidOCR's engine without the work that nobody asked of it; importing this loads ONNX Runtime."""

import os
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from rapidocr import RapidOCR
from rapidocr.ch_ppocr_det import TextDetector
from rapidocr.ch_ppocr_det.utils import DetPreProcess
from rapidocr.ch_ppocr_rec import TextRecognizer

from lamina.engines.classic.threads import THREADS


class Reader(RapidOCR):
    """Runs its networks as Lamina wants them run, and finds lines without cutting them out, which `ocr.strip` does."""

    text_det: Any
    text_rec: Any

    def crop_text_regions(self, img: Any, det_boxes: Any) -> list[Any]:
        del img, det_boxes
        return []

    def recogniser(self) -> TextRecognizer:
        """The recogniser, for `recognition` to run: RapidOCR tells neither where signs are nor bounds its batches."""
        return self._load_rec_model()

    def _load_det_model(self) -> TextDetector:
        if self.text_det is None:
            self.text_det = _Detector(_run_by_us(self.cfg.Det, THREADS, keeps_memory=True))
        return self.text_det

    def _load_rec_model(self) -> TextRecognizer:
        if self.text_rec is None:
            self.cfg.Rec.font_path = self.cfg.Global.font_path
            # Strips are of any width, so that memory kept for one seldom fits the next; and several are read at once,
            # which is quicker than several threads for each.
            self.text_rec = TextRecognizer(_run_by_us(self.cfg.Rec, 1, keeps_memory=False))
        return self.text_rec


class _Detector(TextDetector):
    limit_side_len: Any
    limit_type: Any

    @staticmethod
    def sorted_boxes(dt_boxes: Any) -> Any:
        """As they are: RapidOCR would sort the boxes and not their scores."""
        return dt_boxes

    def get_preprocess(self) -> DetPreProcess:
        return _Preparation(self.limit_side_len, self.limit_type, self.mean, self.std)


class _Preparation(DetPreProcess):
    """The same numbers as RapidOCR's own, from a table of the 256 levels instead of the whole picture in 64 bits."""

    def __call__(self, img: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """(1, 3, h, w) of a picture (height, width, 3); None if it is too thin to be looked at."""
        resized = self.resize(img)
        if resized is None:
            return None
        every_level = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 1, 3)
        table = np.asarray(self.normalize(every_level), np.float32)
        return np.asarray(np.stack(cv2.split(cv2.LUT(resized, table)))[None], np.float32)


def _run_by_us(section: Any, threads: int, *, keeps_memory: bool) -> Any:
    """A section of RapidOCR's settings with the session to use: RapidOCR has no settings for what is set here.

    `threads`: of one run. `keeps_memory`: from run to run, where else the system would clear new pages for each.
    """
    runtime: Any = onnxruntime  # whose types are in C++
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads, options.inter_op_num_threads = min(threads, os.cpu_count() or 1), 1
    options.enable_cpu_mem_arena = keeps_memory
    # Blocks planned for a size of picture would be kept for every size there was.
    options.enable_mem_pattern = not keeps_memory
    # Threads that wait in a loop for the next picture would take the cores from what else works on this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = runtime.InferenceSession(section.model_path, options, ["CPUExecutionProvider"])
    return type(section)({**section, "session": session}, flags={"allow_objects": True})
