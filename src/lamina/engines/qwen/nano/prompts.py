"""The prompts that nano's small language model was trained on."""

IMAGE_PLACEHOLDER = "<|vision_start|><|image_pad|><|vision_end|>"
CAPTION_PROMPT = f"<|im_start|>user\n{IMAGE_PLACEHOLDER}Describe the image.<|im_end|>\n<|im_start|>assistant\n"
EXPANSION_PROMPT = "<|im_start|>user\nRewrite the prompt: {}<|im_end|>\n<|im_start|>assistant\n"
