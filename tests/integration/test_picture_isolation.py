"""What one key sends is in nobody else's result, though both are decoded in the same engine process."""

import json
from pathlib import Path

from serving import lamina, served
from two_customers import customer, pairs

# Each once gave, or was given, another picture's samples, or stands for a decoder.
KINDS = ("tiff 16 planar lzw", "tiff 8 planar grey alpha", "png 16 rgb", "bmp 565")


def test_two_keys_see_nothing_of_each_other(tmp_path: Path) -> None:
    with served(tmp_path, "--agents", "1", child=None) as service:
        made = lamina(tmp_path, "keys", "create", "--json")
        with service.as_key(json.loads(made.stdout)["key"]) as other:
            bright = customer(service.client, KINDS, is_dark=False)
            dark = customer(other, KINDS, is_dark=True)
            found = [pair for pair in pairs(bright, dark) if pair.strays or pair.before]
    assert found == []
