"""Segments any picture by small ONNX models: what is salient, and masks of what is in boxes."""
