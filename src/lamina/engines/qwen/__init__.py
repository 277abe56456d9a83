"""The Qwen-Image family: the released models, and a small one of the same architecture, on the diffusers pipelines.

Importing any module of it first quietens the libraries that it is built on: what they print (no torchvision, no kernels
for GPUs that are not there) is nothing that a user could act on, and would go into the output of commands.
"""

import logging
import os

for _name in ("torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)
for _variable in ("DIFFUSERS_VERBOSITY", "TRANSFORMERS_VERBOSITY"):  # read by them as they are imported
    os.environ.setdefault(_variable, "error")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # nothing leaves the machine
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it warns where a process forks, and here gains nothing
