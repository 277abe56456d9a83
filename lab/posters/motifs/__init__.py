"""Small drawings of several parts and colours for posters, each a function of sketch and paint."""

from collections.abc import Callable

from lab.posters.motifs import animals, food, plants, things, vehicles
from lab.posters.motifs.paint import Paint, paint
from lab.posters.sketch import Sketch

Motif = Callable[[Sketch, Paint], None]

MOTIFS: dict[str, Motif] = {
    "ball": things.ball, "balloon": vehicles.balloon, "bear": animals.bear, "bird": animals.bird, "boat": vehicles.boat,
    "book": things.book, "burger": food.burger, "cactus": plants.cactus, "camera": things.camera, "car": vehicles.car,
    "cat": animals.cat, "cupcake": food.cupcake, "cup": food.cup, "drum": things.drum, "fish": animals.fish,
    "flower": plants.flower, "gift": things.gift, "heart": things.heart, "house": things.house,
    "ice cream": food.ice_cream, "lamp": things.lamp, "mushroom": plants.mushroom, "owl": animals.owl,
    "pear": food.pear, "rocket": vehicles.rocket, "star": things.star, "tree": plants.tree, "tulip": plants.tulip,
    "umbrella": things.umbrella, "watermelon": food.watermelon,
}  # fmt: skip

__all__ = ["MOTIFS", "Motif", "Paint", "paint"]
