"""Measures which scripts the classic engine reads, at which rotation, and what happens to other text.

    scripts/bench reading
    scripts/bench reading --turn 180 --every 3 --script latin --script cyrillic

The benchmark draws lines of fifteen scripts, each in several of the typefaces in `--fonts` (Debian's fonts-noto-core,
fonts-noto-cjk, fonts-dejavu-core, fonts-freefont-ttf and fonts-liberation have them), in random sizes and colours,
decomposes each picture, and compares the strings of the text layers. "Right": the string that was drawn. "Not read": a
text layer without a string. "Wrong": another string. "No text": no text layer. It prints a line of JSON for every line
that is wrong or is no text, and finally a table.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lamina.cli.terminal_text import aligned
from lamina.core.layers import LayerKind, Pixels
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine

OUTCOMES = ("right", "not read", "wrong", "no text")
_SIZES_PX = 22, 30, 44, 64, 90
_SAME = 0.93  # ratio of similarity from which a string counts as right: a space or an accent may differ
_EVERYDAY = (
    "DejaVuSans", "DejaVuSerif-Bold", "NotoSans-Regular", "NotoSans-Bold", "NotoSerif-Bold", "FreeSerifItalic",
    "FreeSansBold", "LiberationSans-Bold",
)  # fmt: skip
_CJK = "NotoSansCJK-Bold", "NotoSansCJK-Regular", "NotoSerifCJK-Regular"


@dataclass(frozen=True, slots=True)
class Script:
    """`typefaces`: names of files without their endings. `index`: that of the language in a font collection."""

    lines: str
    typefaces: tuple[str, ...]
    index: int = 0


# Lines are separated by "|".
SCRIPTS = {
    "latin": Script(
        "GRAND OPENING|Summer Sale|Fresh bread every day|Open Studio|Doors open at 18:00|COFFEE TIME|Menu|EXIT|"
        "Live music & snacks|Up to 50% off|WINTER CAMP|since 1998|Jazz Night|Bring your friends|Main Street 42",
        _EVERYDAY,
    ),
    "latin with accents": Script(
        "Größe und Maß|Café à la crème|Señor Muñoz|Ångström båt|Dvořák náměstí|Łódź święto|Ação e coração|Über uns",
        _EVERYDAY,
    ),
    "chinese": Script("欢迎光临|夏日大促|新品上市|周末音乐会|限时优惠|開學季節|免費入場|圖書展覽", _CJK, 2),
    "japanese": Script("夏祭り|いらっしゃいませ|ようこそ東京へ|コーヒーと音楽|新しいメニュー|ラーメン", _CJK, 0),
    "cyrillic": Script(
        "ПРИВЕТ МИР|Летняя распродажа|Свежий хлеб|Открытая студия|ВХОД СВОБОДНЫЙ|Кофе и музыка|ЗИМНИЙ ЛАГЕРЬ|"
        "Добро пожаловать|КНИЖНАЯ ЯРМАРКА|Неделя кино|Україна понад усе|МЕНЮ|РЕСТОРАН|ТЕАТР|Москва",
        _EVERYDAY,
    ),
    "greek": Script(
        "ΚΑΛΗΜΕΡΑ ΚΟΣΜΕ|Καλοκαιρινές εκπτώσεις|Φρέσκο ψωμί|ΕΙΣΟΔΟΣ ΕΛΕΥΘΕΡΗ|Ζωντανή μουσική|Αθήνα|ΘΕΑΤΡΟ|ΜΕΝΟΥ",
        _EVERYDAY,
    ),
    "arabic": Script(
        "مرحبا بالعالم|تخفيضات الصيف|خبز طازج كل يوم|دخول مجاني|موسيقى حية|أهلا وسهلا|معرض الكتاب",
        ("NotoNaskhArabic-Regular", "NotoSansArabic-Bold", "NotoKufiArabic-Bold", "DejaVuSans"),
    ),
    "hebrew": Script(
        "שלום עולם|מבצע קיץ|לחם טרי כל יום|כניסה חופשית|מוזיקה חיה|ברוכים הבאים|ירושלים|מסעדה",
        ("NotoSansHebrew-Regular", "NotoSerifHebrew-Bold", "DejaVuSans-Bold", "FreeSans"),
    ),
    "devanagari": Script(
        "नमस्ते दुनिया|गर्मी की सेल|ताज़ी रोटी|मुफ़्त प्रवेश|लाइव संगीत|कॉफी और संगीत|पुस्तक मेला|भोजनालय",
        ("NotoSansDevanagari-Regular", "NotoSansDevanagari-Bold", "NotoSerifDevanagari-Bold"),
    ),
    "thai": Script(
        "สวัสดีชาวโลก|ลดราคาฤดูร้อน|ขนมปังสด|ดนตรีสด|ยินดีต้อนรับ|กาแฟและดนตรี|งานหนังสือ|ร้านอาหาร",
        ("NotoSansThai-Regular", "NotoSansThai-Bold", "NotoLoopedThai-Regular", "NotoSerifThai-Bold"),
    ),
    "bengali": Script(
        "নমস্কার পৃথিবী|গ্রীষ্মের ছাড়|তাজা রুটি|স্বাগতম|বইমেলা", ("NotoSansBengali-Bold", "NotoSerifBengali-Regular")
    ),
    "tamil": Script("வணக்கம் உலகம்|கோடை விற்பனை|நல்வரவு|சென்னை|உணவகம்", ("NotoSansTamil-Bold", "NotoSerifTamil-Regular")),
    "georgian": Script("გამარჯობა მსოფლიო|თბილისი|კეთილი იყოს|რესტორანი", ("NotoSansGeorgian-Bold", "DejaVuSans")),
    "armenian": Script("Բարեւ աշխարհ|Երևան|ԲԱՐԻ ԳԱԼՈՒՍՏ|ռեստորան", ("NotoSansArmenian-Bold", "DejaVuSans")),
    "hangul": Script("안녕하세요 세계|여름 세일|신선한 빵|무료 입장|라이브 음악|환영합니다|커피와 음악", _CJK, 1),
}


def main() -> None:
    options = _options()
    fonts = {file.stem: file for ending in ("ttf", "otf", "ttc") for file in options.fonts.rglob(f"*.{ending}")}
    outcomes = {name: Counter[str]() for name in options.script or SCRIPTS}
    for name, counted in outcomes.items():
        for number, (string, font) in enumerate(_settings(SCRIPTS[name], fonts, options)):
            if number % options.every:
                continue
            chance = np.random.default_rng([options.seed, number])
            string_read = _string_read(_picture(string, font, chance, options.turn))
            counted[outcome := _outcome(string_read, string)] += 1
            if outcome in ("wrong", "no text"):
                row = {
                    "script": name,
                    "line": string,
                    "said": string_read,
                    "typeface": font.getname()[0],
                    "px": font.size,
                }
                print(json.dumps(row, ensure_ascii=False), flush=True)
    rows: list[tuple[str, ...]] = [("script", "lines", *OUTCOMES)]
    for name, counted in outcomes.items():
        count = counted.total()
        rows.append((name, f"{count}", *(f"{counted[outcome] / max(1, count):.0%}" for outcome in OUTCOMES)))
    print("\n".join(["", *aligned(rows, [False, *[True] * 5])]))


def _settings(
    script: Script, fonts: dict[str, Path], options: argparse.Namespace
) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
    chance = np.random.default_rng(options.seed)
    for string in script.lines.split("|"):
        for typeface in script.typefaces:
            size = int(chance.choice(options.px or _SIZES_PX))
            if typeface in fonts:
                yield string, ImageFont.truetype(fonts[typeface], size, index=script.index)


def _picture(string: str, font: ImageFont.FreeTypeFont, chance: np.random.Generator, turn: int) -> Pixels:
    """The line on an even ground, light on dark or dark on light, rotated by a multiple of 90 degrees."""
    left, top, right, bottom = font.getbbox(string)
    sheet = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(sheet).text((2 - left, 2 - top), string, 255, font)
    margins = np.rint(chance.uniform(0.5, 2, 2) * font.size).astype(int)
    share = np.pad(np.asarray(sheet), [(int(margin), int(margin)) for margin in margins])[..., None] / 255
    light, dark = chance.integers(170, 256, 3), chance.integers(0, 70, 3)
    ground, ink = (light, dark) if chance.random() < 0.5 else (dark, light)
    picture: NDArray[np.uint8] = np.rint(ground * (1 - share) + ink * share).astype(np.uint8)
    picture = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    return np.ascontiguousarray(np.rot90(picture, turn // 90))


def _string_read(picture: Pixels) -> str | None:
    """The strings of the text layers; None without text layers."""
    stack = ClassicEngine().decompose(picture, DecomposeTask())
    layers = [layer for layer in stack if layer.kind is LayerKind.TEXT]
    return " ".join(layer.says for layer in layers).strip() if layers else None


def _outcome(string_read: str | None, string: str) -> str:
    if string_read is None:
        return "no text"
    if not string_read:
        return "not read"
    first, second = ("".join(text.casefold().split()) for text in (string_read, string))
    return "right" if SequenceMatcher(None, first, second).ratio() > _SAME else "wrong"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"), help="folder of the typefaces")
    parser.add_argument("--script", action="append", choices=SCRIPTS, help="script to draw; may be repeated (all)")
    parser.add_argument(
        "--turn", type=int, choices=(0, 90, 180, 270), default=0, help="rotation in degrees counterclockwise (0)"
    )
    parser.add_argument("--px", type=int, action="append", help="size of the type; may be repeated (22 to 90)")
    parser.add_argument("--every", type=int, default=1, help="draw only every N-th line (1)")
    parser.add_argument("--seed", type=int, default=0, help="seed of sizes and colours (0)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
