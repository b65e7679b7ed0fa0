"""Names of code in configurations: which strings are such names, and how bad each is.

A configuration can hold any dotted text, so that a name counts only where its key says it
is one. Classes that need code from elsewhere are normal; a function that reaches a
sink is not, and one that nobody knows would be called with arguments of the file's choosing.

Source: the policy table of ``formats.pickle_policy``; PEP 8 for what looks like a class.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.core import Severity
from modelkeep.formats.pickle_policy import Standing, standing

_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+")
_FILE: Final = re.compile(
    r".*\.(?:json|csv|pkl|py|txt|log|ya?ml|bin|h5|pth?|npy|npz|onnx|tar|gz|zip|md|so|jpe?g|png)"
)
_LONGEST: Final = 300
_CLASS: Final = re.compile(r"_*[A-Z]")
# Functions of frameworks that compute, build layers, schedules or data transforms.
_MODELLING: Final = re.compile(
    r"(?:torch\.(?:nn|optim|distributions|linalg|fft|special)|jax\.(?:nn|numpy|lax)"
    r"|flax\.(?:linen|nnx)|optax|torchvision\.(?:transforms|models|ops)|torchmetrics|timm"
    r"|torchtune|sklearn|scipy|numpy|monai|albumentations|einops|tensorflow\.(?:nn|math)"
    r"|lightning|pytorch_lightning|nemo|transformers|keras)(?:\.[A-Za-z]\w*)+"
)
# Packages whose classes fetch models or data by design, which a configuration may ask for.
_FETCHING: Final = frozenset(
    "transformers torchvision torchaudio datasets diffusers peft timm sentence_transformers "
    "lightning pytorch_lightning nemo huggingface_hub mlflow open_clip accelerate "
    "torchtune trl optimum".split()
)
_HARMLESS: Final = frozenset({"torch.compile"})
# Built-in functions that run, import, open or change what they are given.
_BUILTIN_SINKS: Final = frozenset(
    "eval exec execfile compile open input breakpoint getattr setattr delattr globals vars "
    "locals __import__ __build_class__ file reload apply".split()
)
_TELLING: Final = frozenset(
    "system popen Popen spawn execv execve check_output check_call getoutput run_path "
    "run_module import_module loads".split()
)
_COMMON: Final = frozenset("compile open input file apply reload vars".split())
"""Also names of methods that do nothing of the kind."""
_BUILTINS: Final = frozenset({"builtins", "__builtin__", "__builtins__"})
# Modules no configuration has an honest reason to name, whatever the key.
_SINK_MODULES: Final = frozenset(
    "os posix nt subprocess pty runpy importlib ctypes shutil socket pickle _pickle dill "
    "cloudpickle joblib marshal commands webbrowser pip sys codecs multiprocessing imp "
    "pkgutil posixpath ntpath urllib urllib2 requests cffi pexpect paramiko".split()
)


def code_name(value: object) -> str | None:
    """The dotted name a value is, colons made dots, or ``None``."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    if not _DOTTED.fullmatch(text) or _FILE.fullmatch(text):
        return None
    return text.replace(":", ".")


def is_class_name(dotted: str) -> bool:
    """Whether the last part is written as classes are."""
    return _CLASS.match(dotted.rpartition(".")[2]) is not None


def is_builtin_sink(dotted: str) -> bool:
    """Whether it is a built-in function that runs, imports or opens."""
    module, _, name = dotted.rpartition(".")
    return module in _BUILTINS and name in _BUILTIN_SINKS


def is_sink(dotted: str) -> bool:
    """Whether it starts programs or loads code beyond doubt, whatever key holds it."""
    root = dotted.partition(".")[0]
    if root in _BUILTINS:
        return is_builtin_sink(dotted)
    return root in _SINK_MODULES and standing(dotted, "reduce") is Standing.DANGEROUS


def is_sink_module(start: str) -> bool:
    """Whether a name that begins so can only be one of a module that starts or loads code."""
    root = start.partition(".")[0]
    return root in _BUILTINS or root in _SINK_MODULES


def is_sink_name(end: str) -> bool:
    """Whether a name that ends so is a function that starts programs or code, in any module."""
    dot, name = end.rpartition(".")[1:]
    return bool(dot) and (name in _TELLING or name in _BUILTIN_SINKS - _COMMON)


def judge_target(dotted: str) -> Severity | None:
    """How bad it is that a configuration has this name called; ``None``: not at all."""
    known = standing(dotted, "reduce")
    if known is Standing.SAFE or dotted in _HARMLESS:
        return None
    root = dotted.partition(".")[0]
    if root in _BUILTINS:
        return Severity.CRITICAL if is_builtin_sink(dotted) else None
    if known is Standing.DANGEROUS:
        if root in _FETCHING:
            return Severity.MEDIUM
        return Severity.CRITICAL
    if is_class_name(dotted) or _MODELLING.fullmatch(dotted):
        return Severity.INFO
    return None if standing(dotted) is Standing.SAFE else Severity.HIGH
