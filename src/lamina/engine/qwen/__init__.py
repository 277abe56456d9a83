"""The Qwen-Image family: the released models, and a small one of the same architecture, on the diffusers pipelines."""
