"""The Studio's one page, and the headers that bound what it may load and who may show it."""

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.metadata import version

from lamina.studio.assets import INDEX, Asset, Assets

_IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_ASSETS, _VERSION = "{{assets}}", "{{version}}"

SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def rendered_page(assets: Assets, path: str) -> tuple[Asset, str]:
    """The page for an address such as "/studio/s/ID", and its Content-Security-Policy.

    Its addresses are relative, so that they hold behind a proxy that serves it below a path of its own.
    """
    depth = path.lstrip("/").count("/")
    prefix = f"{'../' * (depth - 1) if depth > 1 else './'}{'' if depth else 'studio/'}assets/{assets.version}"
    text = assets.files[INDEX].content.decode()
    text = text.replace(_ASSETS, prefix).replace(_VERSION, version("lamina"))
    return Asset(text.encode(), assets.files[INDEX].media_type, is_compressible=True), _policy(text)


def _policy(page: str) -> str:
    """Scripts are files of ours and the import map, which browsers only take from the page itself."""
    import_map = _IMPORT_MAP.search(page)
    scripts = f" 'sha256-{_hash(import_map[1])}'" if import_map else ""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self'{scripts}",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "font-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
