"""Checks by name, size and first bytes whether a file can be a LoRA; without torch, for the service."""

from pathlib import Path

from lamina.engines.qwen.adapters.refusal import FETCH_AGAIN, unusable

MOST_BYTES = 4 << 30  # rank 256 on attention and MLPs of the released transformer, in 16 bits, is 3.4 GB
_MOST_HEADER_BYTES = 16 << 20
_LENGTH_BYTES = 8  # of the little-endian header length at the start of a safetensors file
_PICKLES = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
_PICKLE_MAGIC = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
_CONVERT = "Convert it to safetensors on an isolated machine, or use a safetensors version."


def check_lora(path: Path, label: str) -> None:
    """Checks a file's name, size and first bytes. Raises `LaminaError` (lora_unusable)."""
    check_name(path.name, label)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_LENGTH_BYTES + 1)
    except OSError as problem:
        raise unusable(label, f"it cannot be read ({problem.strerror}).", "Check the name and permissions.") from None
    if size > MOST_BYTES:
        raise unusable(label, f"it has {size:,} bytes, and the limit is {MOST_BYTES:,}; it may be a full model.")
    header_bytes = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if start[_LENGTH_BYTES:] != b"{" or header_bytes > _MOST_HEADER_BYTES:
        if start.startswith(_PICKLE_MAGIC):  # checked last, since a 640-byte header begins like a pickle
            raise unusable(label, "it is a pickle or an archive, which can execute code when loaded.", _CONVERT)
        raise unusable(
            label, "it is not a safetensors file.", "Use the .safetensors file itself, not a web page about it."
        )
    if _LENGTH_BYTES + header_bytes > size:
        raise unusable(label, "it is truncated.", FETCH_AGAIN)


def check_name(name: str, label: str) -> None:
    """Rejects file extensions of pickles. Raises `LaminaError` (lora_unusable)."""
    if name.lower().endswith(_PICKLES):
        raise unusable(label, "pickles can execute code when loaded; only safetensors files are supported.", _CONVERT)
