"""The vision-language processor without video processing, which would need torchvision.

It reads and writes the files of `Qwen2VLProcessor`, including the class name in them.
"""

from typing import Any

from transformers import Qwen2VLProcessor
from transformers.processing_utils import ProcessorMixin


class PictureProcessor(Qwen2VLProcessor):
    """`ProcessorMixin` finds the sub-processors in this signature, so one without `video_processor` never loads it."""

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **_: Any) -> None:
        self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
        self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
        self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    @property
    def model_input_names(self) -> list[str]:
        return [*self.tokenizer.model_input_names, *self.image_processor.model_input_names, "mm_token_type_ids"]


PictureProcessor.__name__ = Qwen2VLProcessor.__name__
PictureProcessor.__module__ = Qwen2VLProcessor.__module__
