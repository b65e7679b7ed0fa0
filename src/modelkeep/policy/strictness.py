"""What a run may not weaken where the rules of ``prod`` hold.

Settings come from flags, variables and files that whoever starts a run can write; a policy
belongs to whoever keeps the keep. So under the rules of ``prod`` a setting may make a
threshold stricter and never weaker. The policy's own thresholds are those of the package, or
of ``policies/thresholds.toml`` in the keep.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from modelkeep.core import InputError, UsageError
from modelkeep.core.settings import PREFIX, Settings, table
from modelkeep.policy.gates import FILES

FILE: Final = "thresholds.toml"
# Whether more of it is stricter; a threshold that is not here cannot be set under prod.
HIGHER_IS_STRICTER: Final = {
    "robust_share_min": True,
    "robust_radius_linf": True,
    "membership_auc_max": False,
    "test_rows_min": True,
    "evidence_age_max_days": False,
}
_PREFIX: Final = "thresholds."
_WIDENS: Final = ("scan.pickle.allow",)  # settings that let a check overlook something


def settled_thresholds(profile: str, settings: Settings, folder: Path) -> dict[str, float]:
    """The thresholds of a run: the policy's under the rules of ``prod``, or stricter ones.

    Args:
        profile: report, dev or prod; ``report`` judges by the rules of ``prod``.
        settings: of this run.
        folder: directory of the keep's policy files.

    Raises:
        UsageError: a setting is weaker than the policy.
        InputError: the policy's thresholds cannot be read.
    """
    if FILES[profile] != FILES["prod"]:
        return settings.thresholds()
    settled = read_thresholds(folder)
    for item in settings.items():
        name = item.key.removeprefix(_PREFIX)
        if item.key in _WIDENS and item.value and item.origin.startswith(PREFIX):
            raise UsageError(
                f"{item.origin}: {item.key} cannot be widened under {profile}",
                "Write it in modelkeep.toml, where it is seen and reviewed.",
            )
        if not item.key.startswith(_PREFIX) or item.origin == "default":
            continue
        value = settings.number(item.key)
        if _is_weaker(name, value, settled[name]):
            raise UsageError(
                f"{item.origin}: {item.key} = {value:g} is weaker than the policy's "
                f"{settled[name]:g}, and the rules of prod hold here",
                f"Drop it, or have the policy changed: {name} in {folder / FILE}.",
            )
        settled[name] = value
    return settled


def read_thresholds(folder: Path) -> dict[str, float]:
    """The policy's own thresholds: those of the package, with the keep's in their place.

    Raises:
        InputError: the keep's file cannot be read, or says something else than numbers.
    """
    known = {
        item.key.removeprefix(_PREFIX): item for item in table() if item.key.startswith(_PREFIX)
    }
    found = {name: float(str(item.default)) for name, item in known.items()}
    path = folder / FILE
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return found
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: cannot be read as thresholds ({error})") from error
    for name, value in own.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name not in known or not number or not 0 <= value <= known[name].most:
            raise InputError(f"{path}: {name} = {value!r} is no threshold")
        found[name] = float(value)
    return found


def _is_weaker(name: str, value: float, policy: float) -> bool:
    return value < policy if HIGHER_IS_STRICTER[name] else value > policy
