"""A flag wins over the environment, that over the file, that over the default; and nothing unknown passes."""

from pathlib import Path

import pytest

from lamina import settings
from lamina.core.errors import ErrorCode, LaminaError
from lamina.settings import Settings, current, origins


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def place_of(name: str, **flags: object) -> str:
    return next(origin.place for origin in origins(**flags) if origin.name == name)


def test_defaults() -> None:
    assert current() == Settings(engine="auto", layers=None, max_megapixels=64)


def test_each_place_wins_over_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lamina.toml").write_text("layers = 2")
    assert (current().layers, place_of("layers")) == (2, "lamina.toml")
    monkeypatch.setenv("LAMINA_LAYERS", "3")
    assert (current().layers, place_of("layers")) == (3, "LAMINA_LAYERS")
    assert (current(layers=4).layers, place_of("layers", layers=4)) == (4, "flag")
    assert current(layers=None).layers == 3


def test_a_file_named_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lamina.toml").write_text("layers = 2")
    Path("other.toml").write_text("max_megapixels = 12.5")
    monkeypatch.setenv("LAMINA_SETTINGS", str(folder / "other.toml"))
    assert current() == Settings(max_megapixels=12.5)
    monkeypatch.setenv("LAMINA_SETTINGS", "gone.toml")
    with pytest.raises(LaminaError, match=r"gone\.toml cannot be used: it does not exist"):
        current()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("layer = 3", r"'layer' in lamina\.toml is unknown\. Did you mean 'layers'\?"),
        ("colour = 'red'", r"is unknown\. Valid names: 'engine', 'layers', 'max_megapixels', 'models_dir', "),
        ("layers = 101", r"lamina\.toml sets layers to 101\. It must be a whole number from 1 to 100, or auto\."),
        ("layers = 2.5", "whole number"),
        ("layers = true", "whole number"),
        ("layers = 'many'", "whole number"),
        ("max_megapixels = 0", "a number above 0"),
        ("max_megapixels = inf", "a number above 0"),
        ("engine = 3", "the name of an engine"),
        ("layers = = 3", "cannot be used"),
        ("safety = 'maybe'", r"It must be \"on\", \"off\", or \"auto\""),
        ("safety_threshold = 1.5", "a number from 0 to 1"),
        ("expander_url = 'example.org'", "a URL such as"),
        ("expander_url = 'http://example.org:port/v1'", "a URL such as"),
        ("expander_model = ''", "the name of a model at the endpoint"),
        ("[engine]\nname = 'classic'", "the name of an engine"),
    ],
)
def test_mistakes_in_the_file(content: str, words: str) -> None:
    Path("lamina.toml").write_text(content)
    with pytest.raises(LaminaError, match=words) as caught:
        current()
    assert caught.value.code is ErrorCode.SETTINGS_INVALID


def test_mistakes_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_ENGIN", "classic")
    with pytest.raises(LaminaError, match=r"LAMINA_ENGIN is unknown\. Did you mean LAMINA_ENGINE\?"):
        current()
    monkeypatch.delenv("LAMINA_ENGIN")
    monkeypatch.setenv("LAMINA_LAYERS", "lots")
    with pytest.raises(LaminaError, match="LAMINA_LAYERS sets layers to 'lots'"):
        current()


def test_what_tests_use_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_TEST_ALL", "1")
    assert current() == Settings()


def test_safety_may_be_said_in_tomls_own_words() -> None:
    Path("lamina.toml").write_text("safety = false")
    assert current().safety == "off"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LAMINA_EXPANDER_KEY", "sk-hush hush"),
        ("LAMINA_EXPANDER_KEY", "sk-hush\n"),
        ("LAMINA_EXPANDER_KEY", "sk-hush-é"),
        ("LAMINA_EXPANDER_URL", "https://me:sk-hush@example.org/v1"),
    ],
)
def test_a_secret_that_cannot_be_used_is_not_told(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(LaminaError, match=variable) as caught:
        current()
    assert "hush" not in str(caught.value) and "hush" not in repr(caught.value)


def test_a_secret_is_used_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_EXPANDER_KEY", "sk-hush")
    assert current().expander_key == "sk-hush"
    assert "hush" not in repr(current()) + repr(origins())
    assert next(origin.shown for origin in origins() if origin.name == "expander_key") == "(set)"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("precision = 'int4'", "one of auto, bf16, fp32, fp8"),
        ("placement = 'disk'", "one of auto, resident, model_offload, group_offload"),
        ("device = 'cuda:x'", "auto, cpu, mps, cuda, or a GPU"),
        ("models_dir = 3", "the path of a folder"),
        ("transformer = 'nothing=a.gguf'", "MODEL=PATH"),
        ("transformer = 'qwen-image='", "MODEL=PATH"),
        ("transformer = 3", "MODEL=PATH"),
    ],
)
def test_mistakes_in_the_settings_of_models(content: str, words: str) -> None:
    Path("lamina.toml").write_text(content)
    with pytest.raises(LaminaError, match=words):
        settings.current()


def test_weights_are_looked_for_where_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("HF_HUB_CACHE", "/cache")
    Path("lamina.toml").write_text("transformer = 'qwen-image=a.gguf, qwen-image-edit = b.safetensors'")
    found = settings.roots(settings.current())
    assert (found.models, found.hub_cache) == (Path("/data/lamina/models"), Path("/cache"))
    assert found.transformers == {"qwen-image": Path("a.gguf"), "qwen-image-edit": Path("b.safetensors")}
    monkeypatch.setenv("LAMINA_MODELS_DIR", "/elsewhere")
    assert settings.roots(settings.current()).models == Path("/elsewhere")
