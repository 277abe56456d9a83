"""Finds the one thing that stands out in a photograph, or says that nothing does."""

from dataclasses import dataclass

import cv2
import numpy as np

from lamina.engine.classic.guided import guided
from lamina.engine.classic.raster import Mask, Rgb, Values, as_bytes, bounds, closed, components, grow, lab, shrink
from lamina.engine.classic.saliency import saliency

_GLANCE_PX = 256  # saliency is looked for at this size
_CUT_PX = 384  # and the subject is cut out at this one


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One thing that stands out.

    `mask`: (h, w) bool, alpha of a half and more. `alpha`: (h, w) float32 in 0..1, exactly 1 inside and exactly 0
    outside, in between only along the outline. `confidence`: 0..1.
    """

    mask: Mask
    alpha: Values
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    mask: Mask
    edge: float
    overlap: float
    salient: float
    contact: float
    area: float
    jagged: float

    @property
    def score(self) -> float:
        return self.edge * (1 - self.overlap) * min(1.0, 2 * self.salient) * (1 - self.contact)


def find_subject(rgb: Rgb) -> Subject | None:
    cands, small = candidates(rgb)
    if not cands: return None
    best = max(cands, key=lambda c: c.score)
    alpha = refined(rgb, best.mask)
    return Subject(alpha >= .5, alpha, best.score)


def candidates(rgb: Rgb):
    height, width = rgb.shape[:2]
    glance = saliency(_reduced(rgb, _GLANCE_PX))
    small = _reduced(rgb, _CUT_PX)
    seen = cv2.resize(glance, (small.shape[1], small.shape[0]))
    seeds = []
    levels = sorted({round(x, 2) for x in _levels(seen)})
    for level in levels:
        seed = _seed(seen, level)
        if seed is not None and not any(_iou(seed, s) > 0.85 for s, _ in seeds):
            seeds.append((seed, level))
    out = []
    for seed, level in seeds[:4]:
        m = _cut(small, seen, seed, level)
        if m is None: continue
        if any(_iou(m, c.mask) > 0.95 for c in out): continue
        out.append(_judged(small, seen, m))
    return out, (small, seen)


def _reduced(rgb, px):
    h, w = rgb.shape[:2]; s = px / max(h, w)
    if s >= 1: return np.ascontiguousarray(rgb)
    return cv2.resize(rgb, (max(1, round(w * s)), max(1, round(h * s))), interpolation=cv2.INTER_AREA)


def _levels(seen):
    otsu = cv2.threshold((seen * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)[0] / 255
    return [otsu, min(0.9, 2 * float(seen.mean())), otsu * .6, min(.9, otsu * 1.5)]


def _seed(seen, level):
    px = max(1, round(0.01 * max(seen.shape)))
    m = closed(seen > level, px)
    parts = components(m)
    if len(parts) < 2: return None
    weight = np.bincount(parts.labels.ravel(), seen.ravel(), len(parts)); weight[0] = 0
    keep = (weight >= .25 * weight.max()) ; keep[0] = False
    m = keep[parts.labels]
    m = filled(m, seen, level)
    a = m.mean()
    return m if .003 < a < .9 else None


def filled(m, seen, level):
    holes = components(~m, 4)
    for i in range(1, len(holes)):
        x, y, w, h = holes.boxes[i]
        if x == 0 or y == 0 or x + w == m.shape[1] or y + h == m.shape[0]: continue
        inside = holes.labels == i
        if holes.areas[i] < .02 * m.sum() or seen[inside].mean() > .5 * level: m = m | inside
    return m


def _iou(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


def _cut(small, seen, seed, level):
    h, w = seed.shape
    x, y, bw, bh = bounds(seed)
    reach = max(6, round(.12 * max(bw, bh)))
    x0, y0, x1, y1 = max(0, x - 2*reach), max(0, y - 2*reach), min(w, x + bw + 2*reach), min(h, y + bh + 2*reach)
    win = np.s_[y0:y1, x0:x1]
    s = seed[win]; sv = seen[win]
    core = max(2, round(.02 * max(bw, bh)))
    state = np.full(s.shape, cv2.GC_BGD, np.uint8)
    state[grow(s, reach)] = cv2.GC_PR_BGD
    state[s] = cv2.GC_PR_FGD
    state[shrink(s, core) & (sv > level)] = cv2.GC_FGD
    if not (state == cv2.GC_FGD).any() or not (state == cv2.GC_BGD).any(): 
        if not ((state==0)|(state==2)).any(): return None
    cv2.setRNGSeed(7)
    img = np.ascontiguousarray(small[win])
    cv2.grabCut(img, state, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    m = np.zeros((h, w), bool)
    m[win] = (state == 1) | (state == 3)
    m = np.asarray(cv2.morphologyEx(as_bytes(m), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))).view(bool)
    parts = components(m)
    if len(parts) < 2: return None
    areas = parts.areas.copy(); areas[0] = 0
    keep = areas >= .12 * areas.max(); keep[0] = False
    return filled(keep[parts.labels], seen, level)


def _judged(small, seen, m):
    L = lab(cv2.bilateralFilter(small, 5, 20, 3))
    win = 9
    f = m.astype(np.float32)
    def local(w):
        tot = cv2.blur(w, (win, win))
        return cv2.blur(L * w[..., None], (win, win)) / np.maximum(tot, 1e-3)[..., None]
    step = np.linalg.norm(local(f) - local(1 - f), axis=-1)
    rim = m & ~np.asarray(cv2.erode(as_bytes(m), np.ones((3, 3), np.uint8), borderValue=1)).view(bool)
    edge = float((step[rim] > 12).mean()) if rim.any() else 0
    q = np.clip(L * [.16, .1, .1] + [0, 10, 10], 0, [15.99, 19.99, 19.99]).astype(int)
    idx = (q[..., 0] * 20 + q[..., 1]) * 20 + q[..., 2]
    hi = np.bincount(idx[m], minlength=6400).reshape(16, 20, 20).astype(np.float32); ho = np.bincount(idx[~m], minlength=6400).reshape(16, 20, 20).astype(np.float32)
    hi /= max(1, hi.sum()); ho /= max(1, ho.sum())
    overlap = float(np.minimum(hi, ho).sum())
    b = np.concatenate([m[0], m[-1], m[:, 0], m[:, -1]])
    salient = float(seen[m].mean() - seen[~m].mean())
    per = rim.sum()
    return Candidate(m, edge, overlap, salient, float(b.mean()), float(m.mean()), float(per / np.sqrt(m.sum() + 1e-9) / 3.5))


def refined(rgb, mask):
    h, w = rgb.shape[:2]
    soft = cv2.resize(mask.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    scale = max(h, w) / max(mask.shape)
    r = max(3, round(2.5 * scale))
    a = guided(rgb, soft, r, 1e-4)
    a = np.clip((a - .15) / .7, 0, 1)
    core = soft > .5
    inner, outer = shrink(core, r), grow(core, r)
    a[inner] = 1; a[~outer] = 0
    return a.astype(np.float32)
