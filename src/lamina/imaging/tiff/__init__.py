"""Reads the first page of a TIFF: what its header says decides how, or by what name it is refused."""

from lamina.imaging.tiff.header import TiffHeader, read_header
from lamina.imaging.tiff.pixels import TiffPixels, read_pixels
from lamina.imaging.tiff.variants import check_is_supported, check_lzw_bit_order

__all__ = ["TiffHeader", "TiffPixels", "check_is_supported", "check_lzw_bit_order", "read_header", "read_pixels"]
