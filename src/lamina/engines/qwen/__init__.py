"""The engines of the Qwen-Image family: the released models and nano, on the diffusers pipelines.

Importing the package silences warnings of torch, diffusers and transformers that users cannot act on (no torchvision,
no kernels for absent GPUs), since they would appear in the output of commands.
"""

import logging
import os

for _name in ("torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)
for _variable in ("DIFFUSERS_VERBOSITY", "TRANSFORMERS_VERBOSITY"):  # must be set before the import
    os.environ.setdefault(_variable, "error")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # nothing leaves the machine
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it warns when a process forks, and is no faster here
