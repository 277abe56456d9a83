"""The parameters of Runware's tasks, with the limits of the vendor's pages."""

from collections.abc import Mapping
from types import MappingProxyType

from lamina.api.runware.airs import AirModel
from lamina.api.runware.fields import Field
from lamina.core.acceleration import MAX_CONSECUTIVE
from lamina.core.schedulers import ALIASES, SCHEDULERS
from lamina.core.tasks import MAX_GUIDANCE, MAX_LAYERS, MIN_LAYERS, TaskKind

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
_FRACTION = Field("float", 0, 1, 0.01)
_PROMPT = Field("string", 1, 32_000)
_SOURCE = Field("string", 1, _MAX_SOURCE_LENGTH)
_TEXT = Field("string", 0, 2000)

COMMON: Fields = {
    "taskType": Field("string", is_required=True),
    "taskUUID": _UUID,
}

PLATFORM: Fields = {
    **COMMON,
    "outputQuality": Field("integer", 20, 99, default=95),
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
    "ttl": Field("integer", 60),
    "includeCost": Field("boolean", default=False),
    "numberResults": Field("integer", 1, MAX_RESULTS, default=1),
    "routing": Field("object"),
}

OUTPUT_TYPES = ("URL", "base64Data", "dataURI")
_OUTPUT_TYPE = Field("string", allowed=OUTPUT_TYPES, default="URL")
_OUTPUT_TYPES = Field("array", 1, len(OUTPUT_TYPES), items=_OUTPUT_TYPE)

ACCELERATOR_OPTIONS: Fields = {
    "cacheEndStep": Field("integer", 1),
    "cacheEndStepPercentage": Field("integer", 1, 100),
    "cacheMaxConsecutiveSteps": Field("integer", 1, MAX_CONSECUTIVE, default=3),
    "cacheStartStep": Field("integer", 0),
    "cacheStartStepPercentage": Field("integer", 0, 99),
    "fbCache": Field("boolean", default=False),
    "fbCacheThreshold": Field("float", 0, 1, 0.01, default=0.25),
    "teaCache": Field("boolean", default=False),
    "teaCacheDistance": Field("float", 0, 1, 0.01, default=0.5),
    "dbCache": Field("boolean", default=False),
    "dbCacheThreshold": Field("float", 0, 1, 0.01, default=0.25),
    "dbCacheSkipInterval": Field("integer", 1, default=5),
    # for Stable Diffusion's U-Net; the older Python SDK has these options
    "deepCache": Field("boolean", default=False),
    "deepCacheInterval": Field("float", 1),
    "deepCacheBranchId": Field("integer", 0),
    "deepCacheSkipMode": Field("string"),
}

LORA_FIELDS: Fields = {
    "model": Field("string", 1, 256, is_required=True),
    "weight": Field("float", -4, 4, 0.01, default=1),
    "transformer": Field("string", allowed=("high", "low", "both"), default="both"),
}

ULTRALYTICS: Fields = {
    "CFGScale": Field("float", 0, 50, 0.1, default=8),
    "confidence": Field("float", 0, 1, 0.01, default=0.9),
    "maskBlur": Field("integer", 0, 100, default=5),
    "maskPadding": Field("integer", 0, 20, default=5),
    "negativePrompt": Field("string", 0, 32_000),
    "positivePrompt": Field("string", 0, 32_000),
    "steps": Field("integer", 1, 100, default=20),
    "strength": Field("float", 0, 1, 0.01, default=0.3),
}

_GENERATION: Fields = {
    "model": Field("string", 1, 256, is_required=True),
    "positivePrompt": Field("string", 1, 32_000, is_required=True),
    "negativePrompt": _PROMPT,
    "seed": Field("integer", 0, MAX_SEED),
    "scheduler": Field("string", allowed=(*SCHEDULERS, *ALIASES)),
    "lora": Field("array", 1, items=Field("object", fields=LORA_FIELDS)),
    "acceleratorOptions": Field("object", fields=ACCELERATOR_OPTIONS),
    "advancedFeatures": Field("object", fields={"ultralytics": Field("object", fields=ULTRALYTICS)}),
}


def inference_fields(air: AirModel) -> Fields:
    """The parameters of imageInference for this model."""
    is_layered = air.kind is TaskKind.DECOMPOSE
    formats = ("JPG", "PNG", "WEBP", "TIFF") if is_layered else ("JPG", "PNG", "WEBP")
    side = Field("integer", 128, 2048, 16, is_required=air.is_size_required)
    settings = {"trueCFGScale": Field("float", 0, MAX_GUIDANCE)}
    if is_layered:
        settings["layers"] = Field("integer", MIN_LAYERS, MAX_LAYERS, default=DEFAULT_LAYERS)
    return {
        **PLATFORM,
        **_GENERATION,
        "outputType": Field("any"),  # a string or a list, validated with `output_type_field`
        "outputFormat": Field("string", allowed=formats, default="TIFF" if is_layered else "JPG"),
        "width": side,
        "height": side,
        "steps": Field("integer", 1, 50 if is_layered else 100),
        "CFGScale": Field("float", 1, 20, 0.01) if is_layered else Field("float", 0, MAX_GUIDANCE, 0.01),
        "settings": Field("object", fields=settings),
        **_inputs(air),
    }


def output_type_field(value: object) -> Field:
    return _OUTPUT_TYPES if isinstance(value, list) else _OUTPUT_TYPE


def _inputs(air: AirModel) -> Fields:
    if air.kind is TaskKind.GENERATE:
        starts = {"seedImage": _SOURCE, "maskImage": _SOURCE}
        return {"inputs": Field("object", fields=starts), "strength": _FRACTION}
    references = Field("array", air.min_references, air.max_references, items=_SOURCE, is_required=True)
    return {"inputs": Field("object", is_required=True, fields={"referenceImages": references})}


TASKS: Mapping[str, Fields] = MappingProxyType(
    {
        "ping": {"taskType": Field("string"), "ping": Field("boolean", is_required=True), "taskUUID": Field("any")},
        "authentication": {
            "taskType": Field("string"),
            "apiKey": Field("string", 1, 1000),
            "connectionSessionUUID": Field("string", 1, 100),
            "taskUUID": Field("any"),
        },
        "getResponse": {**COMMON, "numberResults": Field("integer", 1)},
        "getTaskDetails": COMMON,
        "imageUpload": {**COMMON, "image": Field("string", 1, _MAX_SOURCE_LENGTH, is_required=True)},
        "mediaStorage": {
            **COMMON,
            "operation": Field("string", allowed=("upload", "delete"), is_required=True),
            "media": Field("string", 1, _MAX_SOURCE_LENGTH, is_required=True),
        },
        "modelUpload": {
            **COMMON,
            "category": Field("string", allowed=MODEL_CATEGORIES, is_required=True),
            "architecture": Field("string", 1, 100, is_required=True),
            "format": Field("string", allowed=("safetensors",), is_required=True),
            "name": Field("string", 1, 200, is_required=True),
            "version": Field("string", 1, 100, is_required=True),
            "downloadURL": Field("string", 8, 8192, form="url", is_required=True),
            "air": Field("string", 3, 256),
            "uniqueIdentifier": Field("string", 1, 200),
            "type": _TEXT,
            "private": Field("boolean"),
            "conditioning": _TEXT,
            "defaultScheduler": _TEXT,
            "defaultSteps": Field("integer", 1, 100),
            "defaultCFG": Field("float", 0, 50),
            "defaultGuidanceScale": Field("float", 0, 50),
            "defaultStrength": Field("float", 0, 1),
            "defaultWeight": Field("float", -4, 4, default=1),
            "heroImageURL": _URL,
            "tags": Field("array", 0, 100, items=Field("string", 1, 100)),
            "positiveTriggerWords": _TEXT,
            "negativeTriggerWords": _TEXT,
            "shortDescription": Field("string", 2, 40_000),
            "comment": Field("string", 2, 1000),
            "retry": Field("integer", 0),
            "deliveryMethod": PLATFORM["deliveryMethod"],
            "webhookURL": _URL,
        },
        "modelSearch": {
            **COMMON,
            "search": Field("string", 0, 500),
            "tags": Field("array", items=Field("string", 1, 100)),
            "category": Field("string", 0, 100),
            "type": Field("string", 0, 100),
            "architecture": Field("string", 0, 100),
            "conditioning": Field("string", 0, 100),
            "visibility": Field("string", allowed=("public", "private", "all", "favorite", "owned")),
            "limit": Field("integer", 1, 100, default=20),
            "offset": Field("integer", 0, default=0),
            "source": Field("string", allowed=("official", "featured", "community")),
            "capabilities": Field("array", items=Field("string", 1, 100)),
            "sort": Field("string", 0, 100),
        },
        "accountManagement": {
            **COMMON,
            "operation": Field("string", allowed=("getDetails",), is_required=True),
        },
    }
)
"""The parameters by taskType, except for imageInference, whose parameters depend on the model."""
