"""The words that a model gets: a prompt made richer where that was asked for, a caption where there is none."""

from collections.abc import Mapping

from diffusers import QwenImageLayeredPipeline

from lamina.core.catalog import Model
from lamina.core.expansion import Expansion
from lamina.core.layers import Pixels
from lamina.core.ports import PromptExpander
from lamina.core.tasks import TaskKind
from lamina.engines.config import EngineConfig
from lamina.engines.prompts import SuffixExpander, expanded
from lamina.engines.qwen.captions import CaptionCache, Captioner
from lamina.engines.qwen.nano import prompts as nano
from lamina.engines.qwen.pipelines import Components
from lamina.engines.qwen.prompts import RELEASED_TEMPLATES, LanguageModelExpander
from lamina.engines.qwen.sizes import is_small


def enriched(prompt: str, kind: TaskKind, model: Model, parts: Components, config: EngineConfig) -> Expansion:
    """The prompt as the endpoint of the settings makes it, else the pipeline's own language model, else its makers."""
    return expanded(prompt, kind, _expanders(model, parts, config))


def caption_of(picture: Pixels, model: Model, parts: Components, checkpoint: str, cache: CaptionCache) -> str:
    """What (height, width, 4) shows, as the layered pipeline asks its language model; the same words each time."""
    template = nano.CAPTION_PROMPT if is_small(model) else _layered_words().image_caption_prompt_en
    asked = Captioner(parts.text_encoder, parts.processor, template, checkpoint, cache, device=parts.device)
    return asked.caption(picture)


def _expanders(model: Model, parts: Components, config: EngineConfig) -> list[PromptExpander]:
    found: list[PromptExpander] = []
    if config.expander_url is not None:
        from lamina.engines.endpoint import Endpoint, EndpointExpander

        endpoint = Endpoint(config.expander_url, config.expander_model, config.expander_key)
        found.append(EndpointExpander(endpoint))
    own = LanguageModelExpander(parts.text_encoder, parts.tokenizer, _templates(model), device=parts.device)
    return [*found, own, SuffixExpander(model.suffix)]


def _templates(model: Model) -> Mapping[TaskKind, str]:
    return {TaskKind.GENERATE: nano.EXPANSION_PROMPT} if is_small(model) else RELEASED_TEMPLATES


def _layered_words() -> QwenImageLayeredPipeline:
    """The pipeline without its parts, for its prompt."""
    return QwenImageLayeredPipeline(
        scheduler=None, vae=None, text_encoder=None, tokenizer=None, processor=None, transformer=None
    )
