"""Lists the packages of pictures: icons, illustrations, cut-outs, photographs, textures."""

from lab.compositions.source import Share, Source, Use

_FLAGS = ("flag", "keycap", "skin-tone", "regional", "-dark", "-medium", "-light")
_NATURE = "usr/share/backgrounds/mate/nature/"
_KDE = "usr/share/wallpapers/"
_LOMIRI = "usr/share/backgrounds/"
_STAMPS = "usr/share/tuxpaint/stamps/"
_CARTOON = ("cartoon", "toys", "plastic", "hedgehog", "/bee.", "/fly.", "echidna", "tuxpaint.png")


def _iconify(name: str, version: str, licence: str, use: Use, left_out: tuple[str, ...] = ()) -> Source:
    return Source("npm", f"@iconify-json/{name}", version, licence, use, ("package/icons.json",), left_out=left_out)


PICTURES: tuple[Source, ...] = (
    _iconify("fluent-emoji-flat", "1.2.6", "MIT", Use.PICTOGRAMS, _FLAGS),
    _iconify("fluent-emoji", "1.2.7", "MIT", Use.PICTOGRAMS, _FLAGS),
    _iconify("noto", "1.2.9", "Apache-2.0", Use.PICTOGRAMS, _FLAGS),
    _iconify("twemoji", "1.2.5", "CC-BY-4.0", Use.PICTOGRAMS, _FLAGS),
    _iconify("openmoji", "1.2.29", "CC-BY-SA-4.0", Use.PICTOGRAMS, _FLAGS),
    _iconify("emojione", "1.2.3", "CC-BY-4.0", Use.PICTOGRAMS, _FLAGS),
    _iconify("fxemoji", "1.2.2", "Apache-2.0", Use.PICTOGRAMS, _FLAGS),
    _iconify("streamline-emojis", "1.2.4", "CC-BY-4.0", Use.PICTOGRAMS, _FLAGS),
    _iconify("flat-color-icons", "1.2.3", "MIT", Use.PICTOGRAMS),
    _iconify("fluent-color", "1.2.21", "MIT", Use.PICTOGRAMS, ("-16", "-20", "-24")),
    _iconify("meteocons", "1.2.4", "MIT", Use.PICTOGRAMS),
    _iconify("circle-flags", "1.2.11", "MIT", Use.PICTOGRAMS),
    _iconify("logos", "1.2.19", "CC0-1.0", Use.PICTOGRAMS),
    _iconify("vscode-icons", "1.2.97", "MIT", Use.PICTOGRAMS),
    _iconify("icon-park", "1.2.4", "Apache-2.0", Use.ICONS),
    _iconify("streamline-freehand-color", "1.2.2", "CC-BY-4.0", Use.PICTOGRAMS),
    _iconify("streamline-ultimate-color", "1.2.2", "CC-BY-4.0", Use.PICTOGRAMS),
    _iconify("skill-icons", "1.2.4", "MIT", Use.PICTOGRAMS),
    _iconify("ph", "1.2.2", "MIT", Use.ICONS),
    _iconify("mdi", "1.2.3", "Apache-2.0", Use.ICONS),
    _iconify("tabler", "1.2.41", "MIT", Use.ICONS),
    _iconify("carbon", "1.2.29", "Apache-2.0", Use.ICONS),
    _iconify("healthicons", "1.2.13", "MIT", Use.ICONS),
    _iconify("solar", "1.2.13", "CC-BY-4.0", Use.ICONS),
    Source("npm", "@carbon/pictograms", "12.82.0", "Apache-2.0", Use.LINE_ART, ("package/svg/*.svg",)),
    Source("npm", "@momentum-ui/illustrations", "1.24.0", "MIT", Use.LINE_ART, ("package/svg/**/*.svg",)),
    Source(
        "npm",
        "@lobehub/fluent-emoji-3d",
        "1.1.0",
        "MIT",
        Use.THINGS,
        ("package/assets/*.webp",),
        left_out=("-200d-", "20e3", "1f3f"),
    ),
    Source(
        "npm",
        "@streetmix/illustrations",
        "2.1.1",
        "CC-BY-SA-4.0",
        Use.THINGS,
        ("package/images/**/*.svg",),
        left_out=("ground", "marking", "arrow", "sidewalk", "curb", "water", "asphalt", "lane"),
    ),
    Source(
        "npm",
        "@ui5/webcomponents-fiori",
        "2.27.1",
        "Apache-2.0",
        Use.SCENES,
        ("package/src/illustrations/*Scene*.svg",),
    ),
    Source(
        "npm",
        "@gitlab/svgs",
        "3.165.0",
        "MIT",
        Use.SCENES,
        (
            "package/dist/illustrations/*.svg",
            "package/dist/illustrations/empty-state/*.svg",
            "package/dist/illustrations/status/*.svg",
        ),
        left_out=("logo", "tanuki", "gitlab_"),
    ),
    Source(
        "npm",
        "@glpi-project/illustrations",
        "0.9.1",
        "CC-BY-SA-4.0",
        Use.SCENES,
        ("package/dist/glpi-illustrations-icons.svg",),
    ),
    Source(
        "debian",
        "gnome-icon-theme-gartoon",
        "0.5-5",
        "GPL-2.0-or-later",
        Use.SCENES,
        ("usr/share/icons/gartoon/scalable/apps/*.svg", "usr/share/icons/gartoon/scalable/devices/*.svg"),
    ),
    Source(
        "debian",
        "tango-icon-theme",
        "0.8.90-11",
        "public domain",
        Use.PICTOGRAMS,
        ("usr/share/icons/Tango/scalable/*/*.svg",),
    ),
    Source(
        "debian",
        "oxygen-icon-theme",
        "5:5.103.0-1",
        "LGPL-3.0-or-later",
        Use.THINGS,
        tuple(
            f"usr/share/icons/oxygen/base/256x256/{part}/*.png"
            for part in ("apps", "devices", "places", "categories", "emotes", "mimetypes")
        ),
    ),
    Source(
        "debian",
        "tuxpaint-stamps-default",
        "2022.06.04-1",
        "GPL-2.0",
        Use.CUT_OUTS,
        tuple(
            f"{_STAMPS}{part}/*.png"
            for part in (
                "food/*",
                "plants/*",
                "household/**",
                "clothes",
                "clothes/hats",
                "hobbies/**",
                "space/**",
                "sports",
                "seasonal/**",
                "vehicles/**",
                "medical",
            )
        ),
        left_out=_CARTOON,
    ),
    Source(
        "debian",
        "tuxpaint-stamps-default",
        "2022.06.04-1",
        "GPL-2.0",
        Use.THINGS,
        (
            f"{_STAMPS}**/cartoon/*.svg",
            f"{_STAMPS}town/**/*.png",
            f"{_STAMPS}clothes/**/*.svg",
            f"{_STAMPS}vehicles/**/*.svg",
            f"{_STAMPS}household/**/*.svg",
        ),
        left_out=("animals", "roadsigns", "flags"),
    ),
    Source(
        "debian",
        "tuxpaint-stamps-default",
        "2022.06.04-1",
        "GPL-2.0",
        Use.CUT_OUTS,
        (f"{_STAMPS}animals/**/*.png",),
        Share.RESERVED,
        _CARTOON,
    ),
    Source(
        "debian",
        "mate-backgrounds",
        "1.26.0-1",
        "CC-BY-SA-4.0 and GPL-2.0-or-later",
        Use.PHOTOGRAPHS,
        tuple(
            f"{_NATURE}{name}.jpg"
            for name in (
                "Garden",
                "Dune",
                "Aqua",
                "TwoWings",
                "Storm",
                "RainDrops",
                "FreshFlower",
                "LadyBird",
                "YellowFlower",
            )
        ),
    ),
    Source(
        "debian",
        "plasma-workspace-wallpapers",
        "4:5.27.5-2",
        "GPL-2.0-or-later",
        Use.PHOTOGRAPHS,
        (
            f"{_KDE}DarkestHour/**/2560x1600.jpg",
            f"{_KDE}Kite/**/2560x1600.jpg",
            f"{_KDE}FallenLeaf/**/2560x1600.jpg",
            f"{_KDE}ColorfulCups/**/2560x1600.jpg",
            f"{_KDE}OneStandsOut/**/2560x1600.jpg",
            f"{_KDE}Grey/**/2560x1600.jpg",
            f"{_KDE}summer_1am/**/2560x1600.jpg",
        ),
    ),
    Source(
        "debian",
        "ukui-wallpapers",
        "20.04.3-1.1",
        "CC-BY-SA-3.0",
        Use.TEXTURES,
        tuple(
            f"{_LOMIRI}{name}"
            for name in ("city.png", "fluent-color.png", "string.jpg", "2004default.jpg", "desert.png", "rollpaper.png")
        ),
    ),
    Source(
        "debian",
        "plasma-workspace-wallpapers",
        "4:5.27.5-2",
        "GPL-2.0-or-later",
        Use.TEXTURES,
        tuple(
            f"{_KDE}{name}/**/5120x2880.*" for name in ("Flow", "IceCold", "Volna", "Shell", "Honeywave", "MilkyWay")
        ),
    ),
    Source(
        "debian",
        "mate-backgrounds",
        "1.26.0-1",
        "CC-BY-SA-4.0 and GPL-2.0-or-later",
        Use.TEXTURES,
        (
            f"{_NATURE}Wood.jpg",
            f"{_NATURE}Blinds.jpg",
            f"{_NATURE}GreenMeadow.jpg",
            "usr/share/backgrounds/mate/desktop/Stripes.png",
            "usr/share/backgrounds/mate/desktop/Ubuntu-Mate-*.png",
            "usr/share/backgrounds/mate/abstract/Elephants.jpg",
        ),
    ),
    Source(
        "debian",
        "gnome-backgrounds",
        "43.1-1",
        "CC-BY-SA-3.0",
        Use.TEXTURES,
        ("usr/share/backgrounds/gnome/*.webp",),
        left_out=("pixels",),
    ),
    Source(
        "debian", "gimp-data", "2.10.34-1+deb12u10", "GPL-3.0", Use.TEXTURES, ("usr/share/gimp/2.0/patterns/**/*.pat",)
    ),
    Source(
        "debian", "gimp-data-extras", "1:2.0.2-1.1", "GPL-2.0", Use.TEXTURES, ("usr/share/gimp/2.0/patterns/**/*.pat",)
    ),
    Source(
        "debian",
        "lomiri-wallpapers-16.04",
        "20.04.0-2",
        "CC-BY-4.0, CC-BY-SA-3.0 and -4.0, CC0-1.0",
        Use.PHOTOGRAPHS,
        tuple(
            f"{_LOMIRI}{name}*.jpg"
            for name in (
                "seeding",
                "aitzgorri",
                "sunset",
                "picosdeeuropa",
                "Picture_0B",
                "Dragonfly",
                "Bridge",
                "Wine",
                "Picture_1A",
                "friends",
            )
        ),
        Share.RESERVED,
    ),
    Source(
        "debian",
        "lomiri-wallpapers-20.04",
        "20.04.0-2",
        "CC-BY-4.0, CC-BY-SA-3.0 and -4.0, CC0-1.0",
        Use.PHOTOGRAPHS,
        (f"{_LOMIRI}Kleiber*.jpg",),
        Share.RESERVED,
    ),
    Source(
        "debian",
        "plasma-workspace-wallpapers",
        "4:5.27.5-2",
        "GPL-2.0-or-later",
        Use.PHOTOGRAPHS,
        tuple(
            f"{_KDE}{name}/**/2560x1600.jpg" for name in ("Autumn", "Path", "EveningGlow", "ColdRipple", "BytheWater")
        ),
        Share.RESERVED,
    ),
)
