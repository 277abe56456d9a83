"""Tells from a file's name, size and first bytes whether it can be a LoRA; without torch, so that a service can ask."""

from pathlib import Path

from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable

MOST_BYTES = 4 << 30  # rank 256 on attention and MLPs of the released transformer, in 16 bits, is 3.4 GB
_MOST_HEADER_BYTES = 16 << 20
_LENGTH_BYTES = 8  # of the little-endian length that a safetensors file begins with
_PICKLES = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
_PICKLE_MAGIC = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
_CONVERT = "Convert it to safetensors on a machine where running it does no harm, or get it as safetensors."


def check_lora(path: Path, label: str) -> None:
    """Looks at a file's name, size and first bytes. Raises `LaminaError` (lora_unusable)."""
    check_name(path.name, label)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_LENGTH_BYTES + 1)
    except OSError as problem:
        raise unusable(label, f"it cannot be read ({problem.strerror}).", "Check the name and permissions.") from None
    if size > MOST_BYTES:
        raise unusable(label, f"it has {size:,} bytes, more than a LoRA's {MOST_BYTES:,}; a whole model, perhaps.")
    header_bytes = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if start[_LENGTH_BYTES:] != b"{" or header_bytes > _MOST_HEADER_BYTES:
        if start.startswith(_PICKLE_MAGIC):  # a header of 640 bytes begins as pickles do, so this does not come first
            raise unusable(label, "it is a pickle or an archive, which can run programs when opened.", _CONVERT)
        raise unusable(label, "it is no safetensors file.", "Give the .safetensors file itself, not a page about it.")
    if _LENGTH_BYTES + header_bytes > size:
        raise unusable(label, "it is cut short.", FETCH_AGAIN)


def check_name(name: str, label: str) -> None:
    """Refuses by its ending what would be a pickle. Raises `LaminaError` (lora_unusable)."""
    if name.lower().endswith(_PICKLES):
        raise unusable(label, "pickles can run programs when opened; only safetensors are read.", _CONVERT)
