"""Reads the first page of TIFF files, and rejects variants that are not supported with a specific error."""

from lamina.imaging.tiff.header import TiffHeader, read_header
from lamina.imaging.tiff.pixels import TiffPixels, read_pixels
from lamina.imaging.tiff.variants import check_is_supported, check_lzw_bit_order

__all__ = ["TiffHeader", "TiffPixels", "check_is_supported", "check_lzw_bit_order", "read_header", "read_pixels"]
