"""The sampling schedulers that a request may name, and the method that each uses on a flow-matching model.

The names are those that diffusers and the web UIs for diffusion models use. Many were made for models that predict
noise under a variance schedule; a flow-matching model has none, so a name either has a meaning on straight paths from
noise to image, and runs as that, or the nearest method replaces it, and its `note` says so.
"""

import difflib
from dataclasses import dataclass
from enum import StrEnum

from lamina.core.errors import ErrorCode, LaminaError


class Method(StrEnum):
    """How a step is taken from one noise level to the next."""

    OWN = "the model's own"
    EULER = "Euler"
    ANCESTRAL_EULER = "ancestral Euler"
    HEUN = "Heun"
    DPM_SINGLESTEP = "DPM-Solver++ singlestep, order 2"
    DPM_2M = "DPM-Solver++ multistep, order 2"
    DPM_3M = "DPM-Solver++ multistep, order 3"
    SDE_DPM_1 = "SDE-DPM-Solver++, order 1"
    SDE_DPM_2M = "SDE-DPM-Solver++ multistep, order 2"
    SDE_DPM_3M = "SDE-DPM-Solver++ multistep, order 3"
    DEIS = "DEIS, order 2"
    UNIPC_2 = "UniPC, order 2"
    UNIPC_3 = "UniPC, order 3"
    ADAMS_BASHFORTH = "Adams-Bashforth, order 4"
    LCM = "LCM"

    @property
    def is_stochastic(self) -> bool:
        """Whether fresh noise is drawn at every step."""
        return self in _STOCHASTIC

    @property
    def evaluations_per_step(self) -> int:
        """Evaluations of the model in one step; the last step of every method has one."""
        return 2 if self is Method.HEUN else 1


_STOCHASTIC = {Method.ANCESTRAL_EULER, Method.SDE_DPM_1, Method.SDE_DPM_2M, Method.SDE_DPM_3M, Method.LCM}


class Spacing(StrEnum):
    """The spacing of noise levels between the highest and the lowest level of the model; after the lowest comes 0."""

    OWN = "the model's own"
    UNIFORM = "uniform"
    KARRAS = "Karras"
    EXPONENTIAL = "exponential"
    BETA = "beta"


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A named scheduler. `note`: a sentence for the job's log if the method is not the one of that name, else empty."""

    name: str
    method: Method
    spacing: Spacing = Spacing.OWN
    note: str = ""

    def evaluations(self, steps: int) -> int:
        """Evaluations of the model in a run of `steps` steps."""
        return self.method.evaluations_per_step * (steps - 1) + 1

    def steps_in(self, evaluations: int) -> int:
        """The number of steps, as counted by a pipeline's callback, that the last `evaluations` of a run belong to."""
        return -(-evaluations // self.method.evaluations_per_step)


_DDIM = "DDIM without noise is Euler's method on a flow-matching model: Euler runs."
_DPM_SDE = "This model has no adaptive stochastic solver: SDE-DPM-Solver++ of order 2 stands in for it."
_EDM = "The EDM scaling does not fit a flow-matching model: {} with Karras spacing stands in for it."
_INVERSE = "This scheduler turns pictures into noise and cannot make any: the model's own scheduler stands in for it."
_KDPM = "This method has no form for flow-matching models: {} stands in for it."
_PNDM = "PNDM's warm-up does not fit a flow-matching model: Adams-Bashforth of order 4 stands in for it."
_TCD = "TCD needs a model distilled for it: LCM stands in for it."
_UNIFORM = "Uniform and {0} are two spacings of the same noise levels: {0} is used."


def _table() -> tuple[Scheduler, ...]:
    _, uniform, karras, exponential, beta = Spacing
    m = Method
    return (
        Scheduler("DDIM", m.EULER, note=_DDIM),
        Scheduler("DDIMScheduler", m.EULER, note=_DDIM),
        Scheduler("DDPMScheduler", m.SDE_DPM_1),
        Scheduler("DEISMultistepScheduler", m.DEIS),
        Scheduler("Default", m.OWN),
        Scheduler("DPM++", m.DPM_SINGLESTEP),
        Scheduler("DPM++ 2M", m.DPM_2M),
        Scheduler("DPM++ 2M Beta", m.DPM_2M, beta),
        Scheduler("DPM++ 2M Exponential", m.DPM_2M, exponential),
        Scheduler("DPM++ 2M Karras", m.DPM_2M, karras),
        Scheduler("DPM++ 2M SDE", m.SDE_DPM_2M),
        Scheduler("DPM++ 2M SDE Beta", m.SDE_DPM_2M, beta),
        Scheduler("DPM++ 2M SDE Exponential", m.SDE_DPM_2M, exponential),
        Scheduler("DPM++ 2M SDE Karras", m.SDE_DPM_2M, karras),
        Scheduler("DPM++ 2M SDE Uniform", m.SDE_DPM_2M, uniform),
        Scheduler("DPM++ 2M Uniform", m.DPM_2M, uniform),
        Scheduler("DPM++ 3M", m.DPM_3M),
        Scheduler("DPM++ 3M Beta", m.DPM_3M, beta),
        Scheduler("DPM++ 3M Exponential", m.DPM_3M, exponential),
        Scheduler("DPM++ 3M Karras", m.DPM_3M, karras),
        Scheduler("DPM++ 3M SDE Uniform", m.SDE_DPM_3M, uniform),
        Scheduler("DPM++ 3M Uniform", m.DPM_3M, uniform),
        Scheduler("DPM++ Beta", m.DPM_SINGLESTEP, beta),
        Scheduler("DPM++ Exponential", m.DPM_SINGLESTEP, exponential),
        Scheduler("DPM++ Karras", m.DPM_SINGLESTEP, karras),
        Scheduler("DPM++ SDE", m.SDE_DPM_2M, note=_DPM_SDE),
        Scheduler("DPM++ SDE Beta", m.SDE_DPM_2M, beta, _DPM_SDE),
        Scheduler("DPM++ SDE Exponential", m.SDE_DPM_2M, exponential, _DPM_SDE),
        Scheduler("DPM++ SDE Karras", m.SDE_DPM_2M, karras, _DPM_SDE),
        Scheduler("DPM++ Uniform", m.DPM_SINGLESTEP, uniform),
        Scheduler("DPM++ Uniform Beta", m.DPM_SINGLESTEP, beta, _UNIFORM.format(beta)),
        Scheduler("DPM++ Uniform Exponential", m.DPM_SINGLESTEP, exponential, _UNIFORM.format(exponential)),
        Scheduler("DPM++ Uniform Karras", m.DPM_SINGLESTEP, karras, _UNIFORM.format(karras)),
        Scheduler("DPMSolverMultistepInverse", m.OWN, note=_INVERSE),
        Scheduler("DPMSolverMultistepScheduler", m.DPM_2M),
        Scheduler("DPMSolverSinglestepScheduler", m.DPM_SINGLESTEP),
        Scheduler("EDMDPMSolverMultistepScheduler", m.DPM_2M, karras, _EDM.format(m.DPM_2M)),
        Scheduler("EDMEulerScheduler", m.EULER, karras, _EDM.format(m.EULER)),
        Scheduler("Euler", m.EULER),
        Scheduler("Euler a", m.ANCESTRAL_EULER),
        Scheduler("Euler Beta", m.EULER, beta),
        Scheduler("Euler Exponential", m.EULER, exponential),
        Scheduler("Euler Karras", m.EULER, karras),
        Scheduler("EulerAncestralDiscreteScheduler", m.ANCESTRAL_EULER),
        Scheduler("EulerDiscreteScheduler", m.EULER),
        Scheduler("FlowMatchEulerDiscreteScheduler", m.EULER),
        Scheduler("Heun", m.HEUN),
        Scheduler("HeunDiscreteScheduler", m.HEUN),
        Scheduler("Heun Karras", m.HEUN, karras),
        Scheduler("IPNDMScheduler", m.ADAMS_BASHFORTH),
        Scheduler("IPNDM Uniform", m.ADAMS_BASHFORTH, uniform),
        Scheduler("IPNDM Uniform Beta", m.ADAMS_BASHFORTH, beta, _UNIFORM.format(beta)),
        Scheduler("IPNDM Uniform Exponential", m.ADAMS_BASHFORTH, exponential, _UNIFORM.format(exponential)),
        Scheduler("IPNDM Uniform Karras", m.ADAMS_BASHFORTH, karras, _UNIFORM.format(karras)),
        Scheduler("KDPM2AncestralDiscreteScheduler", m.ANCESTRAL_EULER, note=_KDPM.format(m.ANCESTRAL_EULER)),
        Scheduler("KDPM2DiscreteScheduler", m.HEUN, note=_KDPM.format(m.HEUN)),
        Scheduler("LCM", m.LCM),
        Scheduler("LCMScheduler", m.LCM),
        Scheduler("LMS", m.ADAMS_BASHFORTH),
        Scheduler("LMSDiscreteScheduler", m.ADAMS_BASHFORTH),
        Scheduler("LMS Karras", m.ADAMS_BASHFORTH, karras),
        Scheduler("PNDMScheduler", m.ADAMS_BASHFORTH, note=_PNDM),
        Scheduler("TCDScheduler", m.LCM, note=_TCD),
        Scheduler("UniPC", m.UNIPC_2),
        Scheduler("UniPC 2M", m.UNIPC_2),
        Scheduler("UniPC 2M Karras", m.UNIPC_2, karras),
        Scheduler("UniPC 2M Uniform", m.UNIPC_2, uniform),
        Scheduler("UniPC 3M", m.UNIPC_3),
        Scheduler("UniPC 3M Karras", m.UNIPC_3, karras),
        Scheduler("UniPC 3M Uniform", m.UNIPC_3, uniform),
        Scheduler("UniPC Karras", m.UNIPC_2, karras),
        Scheduler("UniPC Uniform", m.UNIPC_2, uniform),
        Scheduler("UniPC Uniform Beta", m.UNIPC_2, beta, _UNIFORM.format(beta)),
        Scheduler("UniPC Uniform Exponential", m.UNIPC_2, exponential, _UNIFORM.format(exponential)),
        Scheduler("UniPC Uniform Karras", m.UNIPC_2, karras, _UNIFORM.format(karras)),
    )


SCHEDULERS = {scheduler.name: scheduler for scheduler in _table()}
ALIASES = {"UniPCMultistepScheduler": "UniPC"}


def scheduler_named(name: str) -> Scheduler:
    """The scheduler of that name or alias. Raises `LaminaError` (task_invalid)."""
    scheduler = SCHEDULERS.get(ALIASES.get(name, name))
    if scheduler is None:
        names = {other.casefold(): other for other in (*SCHEDULERS, *ALIASES)}
        close = difflib.get_close_matches(name.casefold(), names, 1, 0.5)
        hint = (
            f"Did you mean {names[close[0]]!r}?"
            if close
            else "Use 'Default' or one of the names on the reference page."
        )
        raise LaminaError(ErrorCode.TASK_INVALID, f"There is no scheduler {name!r}.", hint)
    return scheduler
