"""Prepares the texts for a model: expands a prompt, or captions a picture that has no prompt."""

from collections.abc import Mapping

from diffusers import QwenImageLayeredPipeline

from lamina.core.catalog import Model
from lamina.core.layers import Pixels
from lamina.core.ports import PromptExpander
from lamina.core.prompt_expansion import Expansion
from lamina.core.tasks import TaskKind
from lamina.engines.config import EngineConfig
from lamina.engines.prompts import SuffixExpander, expanded
from lamina.engines.qwen.captions import CaptionCache, Captioner
from lamina.engines.qwen.nano import prompts as nano
from lamina.engines.qwen.pipelines import Components
from lamina.engines.qwen.prompts import RELEASED_TEMPLATES, LanguageModelExpander
from lamina.engines.qwen.sizes import is_small


def enriched(prompt: str, kind: TaskKind, model: Model, parts: Components, config: EngineConfig) -> Expansion:
    """The prompt expanded by the configured endpoint, else by the pipeline's language model, else by a suffix."""
    return expanded(prompt, kind, _expanders(model, parts, config))


def caption_of(picture: Pixels, model: Model, parts: Components, checkpoint: str, cache: CaptionCache) -> str:
    """A caption of (height, width, 4) from the layered pipeline's language model; deterministic."""
    template = nano.CAPTION_PROMPT if is_small(model) else _layered_pipeline().image_caption_prompt_en
    captioner = Captioner(parts.text_encoder, parts.processor, template, checkpoint, cache, device=parts.device)
    return captioner.caption(picture)


def _expanders(model: Model, parts: Components, config: EngineConfig) -> list[PromptExpander]:
    expanders: list[PromptExpander] = []
    if config.expander_url is not None:
        from lamina.engines.prompt_endpoint import Endpoint, EndpointExpander

        endpoint = Endpoint(config.expander_url, config.expander_model, config.expander_key)
        expanders.append(EndpointExpander(endpoint))
    own = LanguageModelExpander(parts.text_encoder, parts.tokenizer, _templates(model), device=parts.device)
    return [*expanders, own, SuffixExpander(model.suffix)]


def _templates(model: Model) -> Mapping[TaskKind, str]:
    return {TaskKind.GENERATE: nano.EXPANSION_PROMPT} if is_small(model) else RELEASED_TEMPLATES


def _layered_pipeline() -> QwenImageLayeredPipeline:
    """The pipeline without components, for its prompt."""
    return QwenImageLayeredPipeline(
        scheduler=None, vae=None, text_encoder=None, tokenizer=None, processor=None, transformer=None
    )
