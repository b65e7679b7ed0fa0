"""How data is spread, and whether it still is: mergeable sketches, profiles, comparison."""

from modelkeep.data.drift.comparing import ALARM, LEAST, ColumnDrift, compare_profiles
from modelkeep.data.drift.profile import Profile, Profiler, profile_rows, read_profile
from modelkeep.data.drift.quantiles import QuantileSketch

__all__ = [
    "ALARM",
    "LEAST",
    "ColumnDrift",
    "Profile",
    "Profiler",
    "QuantileSketch",
    "compare_profiles",
    "profile_rows",
    "read_profile",
]
