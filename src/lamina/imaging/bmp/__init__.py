"""Reads Windows and OS/2 bitmaps (BMP), and rejects variants that are not supported with a specific error."""

from lamina.imaging.bmp.header import BmpHeader, check_is_supported, read_header
from lamina.imaging.bmp.pixels import BmpPixels, read_pixels

__all__ = ["BmpHeader", "BmpPixels", "check_is_supported", "read_header", "read_pixels"]
