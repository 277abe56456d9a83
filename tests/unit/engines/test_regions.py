"""A cut-out's patches are its even parts; what is left of a soft edge is none."""

import numpy as np

from lamina.engines.classic.regions import segment_patches


def test_bits_of_a_soft_edge_are_no_patches() -> None:
    rgb = np.full((80, 120, 3), (200, 40, 40), np.uint8)
    rgb[:, 60:] = (40, 40, 200)
    rgb[:, 58:62] = (120, 40, 120)
    smooth = np.ones((80, 120), bool)
    smooth[:, 57:63] = False  # the edge, but for two bits of it
    smooth[10:22, 59:61] = True
    smooth[50:60, 59:61] = True
    patches = segment_patches(rgb, np.ones((80, 120), bool), smooth)
    assert patches.fine.max() == 2
    assert np.unique(patches.labels[:, :57]).tolist() == [1]
    assert np.unique(patches.labels[:, 63:]).tolist() == [2]
