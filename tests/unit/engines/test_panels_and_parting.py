"""Panels are plain rectangles and ellipses only; what overlaps is parted, and what is one thing is left whole."""

import cv2
import numpy as np
from foreground import foreground_of

INK = 30, 40, 60


def canvas() -> np.ndarray:
    return np.full((600, 800, 3), (246, 238, 220), np.uint8)


def test_a_card_with_a_thing_on_it_is_a_panel_and_an_object() -> None:
    picture = canvas()
    cv2.rectangle(picture, (150, 100), (650, 420), (40, 110, 160), -1)
    cv2.circle(picture, (330, 250), 60, (250, 200, 40), -1, cv2.LINE_AA)
    shown = foreground_of(picture)
    assert shown.kinds == ["object", "panel"]
    assert shown.hulls[0][250, 330]


def test_a_panel_goes_on_under_what_covers_its_corner() -> None:
    picture = canvas()
    cv2.rectangle(picture, (150, 100), (650, 420), (40, 110, 160), -1)
    cv2.circle(picture, (650, 110), 70, (250, 200, 40), -1, cv2.LINE_AA)
    hull = foreground_of(picture).hulls[0]
    truth = np.zeros(hull.shape, bool)
    truth[100:421, 150:651] = True
    assert (hull & truth).sum() / (hull | truth).sum() > 0.98


def test_a_frame_belongs_to_its_panel() -> None:
    picture = canvas()
    cv2.rectangle(picture, (140, 90), (660, 430), INK, -1)
    cv2.rectangle(picture, (150, 100), (650, 420), (40, 110, 160), -1)
    shown = foreground_of(picture)
    assert shown.kinds == ["panel"]
    assert shown.hulls[0][95, 400]


def test_a_cup_is_no_panel() -> None:
    picture = canvas()
    cv2.ellipse(picture, (400, 300), (170, 150), 0, 0, 180, (200, 60, 50), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (400, 300), (170, 30), 0, 0, 360, (120, 70, 40), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (575, 350), (55, 45), 0, 0, 360, (200, 60, 50), 22, cv2.LINE_AA)
    assert "panel" not in foreground_of(picture).kinds


def test_a_flower_is_one_thing() -> None:
    picture = canvas()
    for angle in np.linspace(0, 2 * np.pi, 7)[:-1]:
        centre = round(400 + 75 * np.cos(angle)), round(300 + 75 * np.sin(angle))
        cv2.circle(picture, centre, 55, (230, 110, 170), -1, cv2.LINE_AA)
    cv2.circle(picture, (400, 300), 45, (250, 210, 60), -1, cv2.LINE_AA)
    assert foreground_of(picture).kinds == ["object"]


def test_two_balls_are_two_things() -> None:
    picture = canvas()
    cv2.circle(picture, (330, 300), 110, (40, 90, 200), -1, cv2.LINE_AA)
    cv2.circle(picture, (470, 330), 100, (230, 60, 50), -1, cv2.LINE_AA)
    shown = foreground_of(picture)
    assert shown.kinds == ["object", "object"]
    assert shown.owner[300, 250] != shown.owner[330, 520]


def test_confetti_is_small_and_stains_are_nothing() -> None:
    picture = canvas()
    rng = np.random.default_rng(4)
    for x, y in rng.integers(20, 580, (40, 2)):
        cv2.circle(picture, (int(x), int(y)), 4, (230, 60, 50), -1)
    picture[300:340, 700:740] = picture[300:340, 700:740] - 4
    shown = foreground_of(picture)
    assert set(shown.kinds) == {"small"}
    assert shown.owner[320, 720] == 0
