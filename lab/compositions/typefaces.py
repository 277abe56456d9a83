"""Lists the packages of typefaces, all of Google Fonts as npm has them for Expo."""

from lab.compositions.source import Source, Use

_APACHE = ("luckiest-guy", "permanent-marker", "special-elite")
_FAMILIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("anton", "0.4.2", ("400Regular",)),
    ("bangers", "0.4.1", ("400Regular",)),
    ("bebas-neue", "0.4.1", ("400Regular",)),
    ("lobster", "0.4.1", ("400Regular",)),
    ("pacifico", "0.4.1", ("400Regular",)),
    ("permanent-marker", "0.4.0", ("400Regular",)),
    (
        "caveat",
        "0.4.2",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "playfair-display",
        "0.4.2",
        (
            "400Regular",
            "700Bold",
            "400Regular_Italic",
        ),
    ),
    ("abril-fatface", "0.4.1", ("400Regular",)),
    ("righteous", "0.4.1", ("400Regular",)),
    (
        "fredoka",
        "0.4.1",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "montserrat",
        "0.4.2",
        (
            "300Light",
            "400Regular",
            "700Bold",
            "900Black",
        ),
    ),
    (
        "poppins",
        "0.4.1",
        (
            "400Regular",
            "600SemiBold",
            "800ExtraBold",
        ),
    ),
    (
        "oswald",
        "0.4.2",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "inter",
        "0.4.2",
        (
            "400Regular",
            "600SemiBold",
            "800ExtraBold",
        ),
    ),
    (
        "roboto",
        "0.4.3",
        (
            "300Light",
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "lora",
        "0.4.2",
        (
            "400Regular",
            "700Bold",
            "400Regular_Italic",
        ),
    ),
    ("great-vibes", "0.4.1", ("400Regular",)),
    (
        "cinzel",
        "0.4.2",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "dancing-script",
        "0.4.2",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    ("luckiest-guy", "0.4.1", ("400Regular",)),
    ("monoton", "0.4.1", ("400Regular",)),
    ("rye", "0.4.1", ("400Regular",)),
    ("special-elite", "0.4.1", ("400Regular",)),
    ("press-start-2p", "0.4.1", ("400Regular",)),
    ("bungee", "0.4.1", ("400Regular",)),
    (
        "orbitron",
        "0.4.2",
        (
            "400Regular",
            "800ExtraBold",
        ),
    ),
    (
        "space-grotesk",
        "0.4.1",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "jetbrains-mono",
        "0.4.1",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    ("amatic-sc", "0.4.2", ("700Bold",)),
    ("patrick-hand", "0.4.1", ("400Regular",)),
    ("dm-serif-display", "0.4.2", ("400Regular",)),
    (
        "raleway",
        "0.4.2",
        (
            "300Light",
            "700Bold",
        ),
    ),
    (
        "bitter",
        "0.4.2",
        (
            "400Regular",
            "800ExtraBold",
        ),
    ),
    (
        "crimson-text",
        "0.4.0",
        (
            "400Regular",
            "700Bold",
        ),
    ),
    (
        "josefin-sans",
        "0.4.2",
        (
            "300Light",
            "700Bold",
        ),
    ),
    ("archivo-black", "0.4.1", ("400Regular",)),
)
"""Name, version of the package, weights."""


def _source(name: str, version: str, weights: tuple[str, ...]) -> Source:
    files = tuple(f"package/{weight}/*.ttf" for weight in weights)
    licence = "Apache-2.0" if name in _APACHE else "OFL-1.1"
    return Source("npm", f"@expo-google-fonts/{name}", version, licence, Use.FONTS, files)


TYPEFACES: tuple[Source, ...] = tuple(_source(*family) for family in _FAMILIES)
