"""The parameters of Runware's tasks, with the limits of the vendor's pages."""

from collections.abc import Mapping
from types import MappingProxyType

from lamina.api.runware.airs import AirModel
from lamina.api.runware.fields import Field
from lamina.core.acceleration import MAX_CONSECUTIVE
from lamina.core.schedulers import ALIASES, SCHEDULERS
from lamina.core.tasks import MAX_GUIDANCE, MAX_MODEL_LAYERS, MIN_LAYERS, TaskKind

AUTHENTICATION, IMAGE_INFERENCE, PING = "authentication", "imageInference", "ping"
NO_PROMPT = "__BLANK__"
"""A positivePrompt with this value means no prompt."""
MAX_RESULTS = 20
MAX_SEED = 9223372036854776000  # the value on the vendor's page, between 2**63 and 2**64
DEFAULT_LAYERS = 4
DEFAULT_STRENGTH = 0.8
LORA = "lora"
MODEL_CATEGORIES = ("checkpoint", "lora", "lycoris", "vae", "embeddings", "controlnet")

Fields = Mapping[str, Field]
_MAX_SOURCE_LENGTH = 1 << 30  # the limit of the request size applies
_UUID = Field("string", form="uuid4", is_required=True)
_URL = Field("string", least=8, most=8192, form="url")
_FRACTION = Field("float", least=0, most=1, step=0.01)
_PROMPT = Field("string", least=1, most=32_000)
_SOURCE = Field("string", least=1, most=_MAX_SOURCE_LENGTH)
_TEXT = Field("string", least=0, most=2000)

COMMON: Fields = {
    "taskType": Field("string", is_required=True),
    "taskUUID": _UUID,
}

PLATFORM: Fields = {
    **COMMON,
    "outputQuality": Field("integer", least=20, most=99, default=95),
    "webhookURL": _URL,
    "deliveryMethod": Field("string", allowed=("sync", "async"), default="sync"),
    "uploadEndpoint": _URL,
    "safety": Field(
        "object",
        fields={
            "checkContent": Field("boolean", default=False),
            "mode": Field("string", allowed=("none", "fast"), default="none"),
            "tolerance": Field("boolean"),
            "checkInputs": Field("boolean"),
        },
    ),
    "ttl": Field("integer", least=60),
    "includeCost": Field("boolean", default=False),
    "numberResults": Field("integer", least=1, most=MAX_RESULTS, default=1),
    "routing": Field("object"),
}

OUTPUT_TYPES = ("URL", "base64Data", "dataURI")
_OUTPUT_TYPE = Field("string", allowed=OUTPUT_TYPES, default="URL")
_OUTPUT_TYPES = Field("array", least=1, most=len(OUTPUT_TYPES), items=_OUTPUT_TYPE)

ACCELERATOR_OPTIONS: Fields = {
    "cacheEndStep": Field("integer", least=1),
    "cacheEndStepPercentage": Field("integer", least=1, most=100),
    "cacheMaxConsecutiveSteps": Field("integer", least=1, most=MAX_CONSECUTIVE, default=3),
    "cacheStartStep": Field("integer", least=0),
    "cacheStartStepPercentage": Field("integer", least=0, most=99),
    "fbCache": Field("boolean", default=False),
    "fbCacheThreshold": Field("float", least=0, most=1, step=0.01, default=0.25),
    "teaCache": Field("boolean", default=False),
    "teaCacheDistance": Field("float", least=0, most=1, step=0.01, default=0.5),
    "dbCache": Field("boolean", default=False),
    "dbCacheThreshold": Field("float", least=0, most=1, step=0.01, default=0.25),
    "dbCacheSkipInterval": Field("integer", least=1, default=5),
    # for Stable Diffusion's U-Net; the older Python SDK has these options
    "deepCache": Field("boolean", default=False),
    "deepCacheInterval": Field("float", least=1),
    "deepCacheBranchId": Field("integer", least=0),
    "deepCacheSkipMode": Field("string"),
}

LORA_FIELDS: Fields = {
    "model": Field("string", least=1, most=256, is_required=True),
    "weight": Field("float", least=-4, most=4, step=0.01, default=1),
    "transformer": Field("string", allowed=("high", "low", "both"), default="both"),
}

ULTRALYTICS: Fields = {
    "CFGScale": Field("float", least=0, most=50, step=0.1, default=8),
    "confidence": Field("float", least=0, most=1, step=0.01, default=0.9),
    "maskBlur": Field("integer", least=0, most=100, default=5),
    "maskPadding": Field("integer", least=0, most=20, default=5),
    "negativePrompt": Field("string", least=0, most=32_000),
    "positivePrompt": Field("string", least=0, most=32_000),
    "steps": Field("integer", least=1, most=100, default=20),
    "strength": Field("float", least=0, most=1, step=0.01, default=0.3),
}

_GENERATION: Fields = {
    "model": Field("string", least=1, most=256, is_required=True),
    "positivePrompt": Field("string", least=1, most=32_000, is_required=True),
    "negativePrompt": _PROMPT,
    "seed": Field("integer", least=0, most=MAX_SEED),
    "scheduler": Field("string", allowed=(*SCHEDULERS, *ALIASES)),
    "lora": Field("array", least=1, items=Field("object", fields=LORA_FIELDS)),
    "acceleratorOptions": Field("object", fields=ACCELERATOR_OPTIONS),
    "advancedFeatures": Field("object", fields={"ultralytics": Field("object", fields=ULTRALYTICS)}),
}


def inference_fields(air: AirModel) -> Fields:
    """The parameters of imageInference for this model."""
    is_layered = air.kind is TaskKind.DECOMPOSE
    formats = ("JPG", "PNG", "WEBP", "TIFF") if is_layered else ("JPG", "PNG", "WEBP")
    side = Field("integer", least=128, most=2048, step=16, is_required=air.is_size_required)
    settings = {"trueCFGScale": Field("float", least=0, most=MAX_GUIDANCE)}
    if is_layered:
        settings["layers"] = Field("integer", least=MIN_LAYERS, most=MAX_MODEL_LAYERS, default=DEFAULT_LAYERS)
    return {
        **PLATFORM,
        **_GENERATION,
        "outputType": Field("any"),  # a string or a list, validated with `output_type_field`
        "outputFormat": Field("string", allowed=formats, default="TIFF" if is_layered else "JPG"),
        "width": side,
        "height": side,
        "steps": Field("integer", least=1, most=50 if is_layered else 100),
        "CFGScale": Field("float", least=1 if is_layered else 0, most=20 if is_layered else MAX_GUIDANCE, step=0.01),
        "settings": Field("object", fields=settings),
        **_inputs(air),
    }


def output_type_field(value: object) -> Field:
    return _OUTPUT_TYPES if isinstance(value, list) else _OUTPUT_TYPE


def _inputs(air: AirModel) -> Fields:
    if air.kind is TaskKind.GENERATE:
        starts = {"seedImage": _SOURCE, "maskImage": _SOURCE}
        return {"inputs": Field("object", fields=starts), "strength": _FRACTION}
    references = Field("array", least=air.min_references, most=air.max_references, items=_SOURCE, is_required=True)
    return {"inputs": Field("object", is_required=True, fields={"referenceImages": references})}


TASKS: Mapping[str, Fields] = MappingProxyType(
    {
        "ping": {"taskType": Field("string"), "ping": Field("boolean", is_required=True), "taskUUID": Field("any")},
        "authentication": {
            "taskType": Field("string"),
            "apiKey": Field("string", least=1, most=1000),
            "connectionSessionUUID": Field("string", least=1, most=100),
            "taskUUID": Field("any"),
        },
        "getResponse": {**COMMON, "numberResults": Field("integer", least=1)},
        "getTaskDetails": COMMON,
        "imageUpload": {**COMMON, "image": Field("string", least=1, most=_MAX_SOURCE_LENGTH, is_required=True)},
        "mediaStorage": {
            **COMMON,
            "operation": Field("string", allowed=("upload", "delete"), is_required=True),
            "media": Field("string", least=1, most=_MAX_SOURCE_LENGTH, is_required=True),
        },
        "modelUpload": {
            **COMMON,
            "category": Field("string", allowed=MODEL_CATEGORIES, is_required=True),
            "architecture": Field("string", least=1, most=100, is_required=True),
            "format": Field("string", allowed=("safetensors",), is_required=True),
            "name": Field("string", least=1, most=200, is_required=True),
            "version": Field("string", least=1, most=100, is_required=True),
            "downloadURL": Field("string", least=8, most=8192, form="url", is_required=True),
            "air": Field("string", least=3, most=256),
            "uniqueIdentifier": Field("string", least=1, most=200),
            "type": _TEXT,
            "private": Field("boolean"),
            "conditioning": _TEXT,
            "defaultScheduler": _TEXT,
            "defaultSteps": Field("integer", least=1, most=100),
            "defaultCFG": Field("float", least=0, most=50),
            "defaultGuidanceScale": Field("float", least=0, most=50),
            "defaultStrength": Field("float", least=0, most=1),
            "defaultWeight": Field("float", least=-4, most=4, default=1),
            "heroImageURL": _URL,
            "tags": Field("array", least=0, most=100, items=Field("string", least=1, most=100)),
            "positiveTriggerWords": _TEXT,
            "negativeTriggerWords": _TEXT,
            "shortDescription": Field("string", least=2, most=40_000),
            "comment": Field("string", least=2, most=1000),
            "retry": Field("integer", least=0),
            "deliveryMethod": PLATFORM["deliveryMethod"],
            "webhookURL": _URL,
        },
        "modelSearch": {
            **COMMON,
            "search": Field("string", least=0, most=500),
            "tags": Field("array", items=Field("string", least=1, most=100)),
            "category": Field("string", least=0, most=100),
            "type": Field("string", least=0, most=100),
            "architecture": Field("string", least=0, most=100),
            "conditioning": Field("string", least=0, most=100),
            "visibility": Field("string", allowed=("public", "private", "all", "favorite", "owned")),
            "limit": Field("integer", least=1, most=100, default=20),
            "offset": Field("integer", least=0, default=0),
            "source": Field("string", allowed=("official", "featured", "community")),
            "capabilities": Field("array", items=Field("string", least=1, most=100)),
            "sort": Field("string", least=0, most=100),
        },
        "accountManagement": {
            **COMMON,
            "operation": Field("string", allowed=("getDetails",), is_required=True),
        },
    }
)
"""The parameters by taskType, except for imageInference, whose parameters depend on the model."""
