"""Chooses the fastest precision and placement of a model that fit its device, or says what would fit; no torch."""

from collections.abc import Iterator
from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import ALL_OPTIMIZATIONS, Optimization
from lamina.core.placement import AUTO, Placement, Precision
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.needs import (
    BYTES_PER_NUMBER,
    RELEASED,
    ComponentSizes,
    Extent,
    Task,
    extent_of,
    smaller_request,
)

_SMALL_PARAMETERS = 1_000_000_000  # below this, fp32 costs little memory and is faster on CPUs
_DEFAULT_EXTENT = Extent(tokens=10_112, pixels=1024 * 1024)  # 4 layers at 640 px, or a picture of 1024 px
# Estimated memory for torch, the driver and fragmentation.
_OVERHEAD_BYTES = {"cuda": 1_500_000_000, "mps": 1_000_000_000, "cpu": 500_000_000}
_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a model is held in memory.

    `weight_bytes`: peak of its weights on the device; `host_bytes`: host memory. `is_modulation_fp8`: with FP8, whether
    the modulation layers use 8 bits too, which costs accuracy and is done only if nothing else fits. `optimizations`:
    those in use; `wanted`: those that the settings name, None for all that fit.
    """

    device: Device
    precision: Precision
    placement: Placement
    sizes: ComponentSizes
    weight_bytes: int
    host_bytes: int
    is_modulation_fp8: bool = False
    optimizations: frozenset[Optimization] = frozenset()
    wanted: frozenset[Optimization] | None = None

    @property
    def working_bytes(self) -> int:
        return self.device.free_bytes - self.weight_bytes - _OVERHEAD_BYTES[self.device.kind]

    def holds(self, extent: Extent) -> bool:
        """Whether a request of that extent fits in addition to the weights."""
        return extent.working_bytes(self.sizes, self.precision) <= self.working_bytes

    def needed_bytes(self, extent: Extent) -> int:
        """Total device memory for a request of that extent."""
        working = extent.working_bytes(self.sizes, self.precision)
        return self.weight_bytes + working + _OVERHEAD_BYTES[self.device.kind]

    def description(self) -> str:
        """For messages: "bf16, resident"."""
        return f"{self.precision}, {self.placement}"


def choose_plan(
    name: str,
    device: Device,
    host_bytes: int,
    sizes: ComponentSizes = RELEASED,
    precision: str = AUTO,
    placement: str = AUTO,
    extent: Extent = _DEFAULT_EXTENT,
    optimizations: frozenset[Optimization] | None = None,
) -> Plan:
    """The fastest plan that fits a request of `extent` on the device.

    `name`: of the model, for errors; `host_bytes`: host memory, for offloaded components; `precision`, `placement`: the
    settings. `optimizations`: the requested ones; None is all that fit.
    Raises `LaminaError` (out_of_memory) with a hint about what would fit; settings_invalid.
    """
    everything = list(_plans(device, sizes, optimizations))
    candidates = [
        plan for plan in everything if precision in (AUTO, plan.precision) and placement in (AUTO, plan.placement)
    ]
    if precision == AUTO and sizes.transformer < _SMALL_PARAMETERS:
        candidates = [plan for plan in candidates if plan.precision is Precision.FP32] or candidates
    if not candidates:
        possible = "; ".join(dict.fromkeys(plan.description() for plan in everything))
        message = f"{name} cannot run with {precision}, {placement} on {device.name}."
        raise LaminaError(ErrorCode.SETTINGS_INVALID, message, f"Possible combinations: {possible}.")
    for plan in candidates:
        if _fits(plan, extent, host_bytes):
            return plan
    raise _nothing_fits(name, candidates, everything, extent, host_bytes)


def most_and_least_bytes(sizes: ComponentSizes) -> tuple[int, int]:
    """GPU memory for a typical request: with everything resident, and with maximum offloading."""
    gpu = Device("cuda:0", "", 0, 0)
    needs = [
        plan.needed_bytes(_DEFAULT_EXTENT) for plan in _plans(gpu, sizes, None) if plan.precision is Precision.BF16
    ]
    return needs[0], min(needs)


def check_request(plan: Plan, task: Task, native_px: int, references: int = 0) -> None:
    """Raises `LaminaError` (out_of_memory) if the request is estimated not to fit in addition to the weights."""
    extent = extent_of(task, native_px, references)
    if not plan.holds(extent):
        needed, free = plan.needed_bytes(extent) / _GB, plan.device.free_bytes / _GB
        message = (
            f"This needs {needed:.1f} GB on {plan.device.name} with {plan.description()}, but {free:.1f} GB are free."
        )
        raise LaminaError(ErrorCode.OUT_OF_MEMORY, message, what_would_fit(plan, task, native_px, references))


def out_of_memory(error: BaseException, plan: Plan, task: Task, native_px: int, references: int = 0) -> LaminaError:
    """The error for an out-of-memory exception of torch or Python (see `is_out_of_memory`)."""
    reason = " ".join(str(error).split()).partition(". ")[0][:200]
    device = f"{plan.device.name} ({plan.device.title}, {plan.device.total_bytes / _GB:.1f} GB)"
    details = f": {reason}" if reason else ""
    message = f"{device} ran out of memory with {plan.description()}{details}."
    return LaminaError(ErrorCode.OUT_OF_MEMORY, message, what_would_fit(plan, task, native_px, references))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the exception is an out-of-memory error: torch has a class on GPUs, but raises RuntimeError on CPUs."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in message or "can't allocate memory" in message)


def what_would_fit(plan: Plan, task: Task, native_px: int, references: int = 0) -> str:
    """The hint of an error: a smaller request, settings that need less memory, or a smaller model."""
    extent = extent_of(task, native_px, references)
    working = min(plan.working_bytes, extent.working_bytes(plan.sizes, plan.precision)) * 0.999  # this was not enough
    smaller = smaller_request(
        task, native_px, references, lambda less: less.working_bytes(plan.sizes, plan.precision) <= working
    )
    parts = [f"{smaller} would fit"] if smaller else []
    leaner = [other for other in _plans(plan.device, plan.sizes, plan.wanted) if other.weight_bytes < plan.weight_bytes]
    fitting = next((other for other in leaner if other.holds(extent)), None)
    if fitting is not None:
        parts.append(
            f"so would this request with the settings {_settings(fitting)}" if parts else _settings_would_do(fitting)
        )
    if not parts:
        return "This model does not fit on this device; --engine nano needs about 2 GB."
    return f"{parts[0][0].upper()}{parts[0][1:]}{''.join(f', and {part}' for part in parts[1:])}."


def _plans(device: Device, sizes: ComponentSizes, optimizations: frozenset[Optimization] | None) -> Iterator[Plan]:
    """All possible plans, the fastest first. Offloading is only for GPUs with dedicated memory."""
    seen: set[tuple[object, ...]] = set()
    for precision, placement, is_modulation_fp8 in _configurations(device, sizes.stored_bytes is not None):
        plan = _plan(
            device=device,
            sizes=sizes,
            precision=precision,
            placement=placement,
            is_modulation_fp8=is_modulation_fp8,
            optimizations=optimizations,
        )
        held = plan.precision, plan.placement, plan.is_modulation_fp8
        if held not in seen:
            seen.add(held)
            yield plan


def _configurations(device: Device, is_stored: bool) -> Iterator[tuple[Precision, Placement, bool]]:
    """Precision, placement, and whether the modulation uses FP8. `is_stored`: a GGUF file determines the precision."""
    bf16, fp32, fp8 = Precision.BF16, Precision.FP32, Precision.FP8
    if device.kind == "cuda":
        yield bf16, Placement.RESIDENT, False
        yield bf16, Placement.MODEL_OFFLOAD, False
        if not is_stored:
            yield fp8, Placement.RESIDENT, False
            yield fp8, Placement.MODEL_OFFLOAD, False
            yield fp8, Placement.MODEL_OFFLOAD, True
        yield bf16, Placement.GROUP_OFFLOAD, False
        if not is_stored:
            yield fp8, Placement.GROUP_OFFLOAD, False
            yield fp8, Placement.GROUP_OFFLOAD, True
            yield fp32, Placement.RESIDENT, False
            yield fp32, Placement.MODEL_OFFLOAD, False
        return
    yield bf16, Placement.RESIDENT, False
    if not is_stored:
        if device.kind == "cpu":
            yield fp8, Placement.RESIDENT, False
            yield fp8, Placement.RESIDENT, True
        yield fp32, Placement.RESIDENT, False


def _plan(
    *,
    device: Device,
    sizes: ComponentSizes,
    precision: Precision,
    placement: Placement,
    is_modulation_fp8: bool,
    optimizations: frozenset[Optimization] | None,
) -> Plan:
    applicable = _fitting_optimizations(device, sizes, placement, optimizations)
    leaves_modulation = Optimization.MODULATION in applicable and device.kind != "cpu"
    is_modulation_fp8 = (
        is_modulation_fp8 and not leaves_modulation
    )  # it is not on the device, so FP8 would save nothing
    whole = sizes.transformer_bytes(precision, is_modulation_fp8)
    text_encoder, vae = sizes.other_bytes(precision)
    number = BYTES_PER_NUMBER[precision]
    transformer = whole
    if Optimization.MODULATION in applicable:
        transformer += sizes.table_bytes(precision) - (sizes.modulation * number if leaves_modulation else 0)
    match placement:
        case Placement.RESIDENT:
            # Each component is first loaded into host memory at full size.
            on_device, left = transformer + text_encoder + vae, sizes.modulation * number if leaves_modulation else 0
            on_host = max(sizes.transformer * number, text_encoder + left) if device.kind == "cuda" else 0
        case Placement.MODEL_OFFLOAD:
            on_device, on_host = max(transformer, text_encoder) + vae, whole + text_encoder + vae
        case Placement.GROUP_OFFLOAD:
            blocks = 2 * sizes.block * whole // max(1, sizes.transformer)  # the running block and the prefetched one
            rest = (sizes.transformer - sizes.matrices - sizes.modulation) * number
            on_device = max(blocks + rest, 2 * sizes.unblocked * number) + vae
            on_host = whole + text_encoder + vae
    return Plan(
        device=device,
        precision=precision,
        placement=placement,
        sizes=sizes,
        weight_bytes=on_device,
        host_bytes=on_host,
        is_modulation_fp8=is_modulation_fp8,
        optimizations=applicable,
        wanted=optimizations,
    )


def _fitting_optimizations(
    device: Device, sizes: ComponentSizes, placement: Placement, requested: frozenset[Optimization] | None
) -> frozenset[Optimization]:
    """The requested optimizations that apply. Compilation takes a minute, so on CPUs it is used only if named."""
    applicable = ALL_OPTIMIZATIONS if requested is None else requested
    if requested is None and device.kind != "cuda":
        applicable -= {Optimization.COMPILE}
    if placement is Placement.GROUP_OFFLOAD:  # which needs the unmodified blocks
        applicable -= {Optimization.MODULATION, Optimization.COMPILE}
    if sizes.stored_bytes is not None:  # GGUF tensors are dequantised by code that cannot be compiled
        applicable -= {Optimization.MODULATION, Optimization.COMPILE}
    return applicable


def _fits(plan: Plan, extent: Extent, host_bytes: int) -> bool:
    is_held = plan.device.kind != "cuda" or plan.host_bytes <= host_bytes
    return is_held and plan.holds(extent)


def _nothing_fits(
    name: str, candidates: list[Plan], everything: list[Plan], extent: Extent, host_bytes: int
) -> LaminaError:
    holding = [plan for plan in candidates if plan.holds(extent)]
    least = min(holding or candidates, key=lambda plan: plan.host_bytes if holding else plan.needed_bytes(extent))
    device = least.device
    message = (
        f"{name} needs {least.needed_bytes(extent) / _GB:.0f} GB of memory on {device.name} with {least.description()}"
    )
    message += f", but {device.free_bytes / _GB:.0f} GB are free."
    if least.holds(extent):
        message = f"{name} needs {least.host_bytes / _GB:.0f} GB of host memory with {least.description()}"
        message += f", but the machine has {host_bytes / _GB:.0f} GB."
    fitting = next((plan for plan in everything if _fits(plan, extent, host_bytes)), None)
    if fitting is not None:
        return LaminaError(ErrorCode.OUT_OF_MEMORY, message, f"{_settings_would_do(fitting)}.")
    leanest = min(everything, key=lambda plan: plan.needed_bytes(extent))
    also = (
        ""
        if leanest.description() == least.description()
        else f"{_settings(leanest)} needs {leanest.needed_bytes(extent) / _GB:.0f} GB. "
    )
    hint = f"{also}A GGUF transformer needs less (docs/how-to/get-the-weights.md); --engine nano needs about 2 GB."
    return LaminaError(ErrorCode.OUT_OF_MEMORY, message, hint)


def _settings(plan: Plan) -> str:
    return f"precision = {plan.precision}, placement = {plan.placement}"


def _settings_would_do(plan: Plan) -> str:
    return f"It would fit with the settings {_settings(plan)}"
