"""The unpickler knows the tables and nothing else, whatever road leads to it."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from modelkeep.core import InputError
from modelkeep.models.unpickler import RestrictedUnpickler, import_what_is_named, is_listed
from samples import bomb

FITTED = LogisticRegression().fit(np.eye(4), [0, 0, 1, 1])


@pytest.mark.parametrize("protocol", range(6))
def test_what_scikit_learn_saves_is_restored(protocol: int) -> None:
    data = pickle.dumps(FITTED, protocol)
    found = RestrictedUnpickler(io.BytesIO(data)).load()
    assert np.array_equal(found.coef_, FITTED.coef_)


@pytest.mark.parametrize(
    "name",
    [
        *("os system", "posix system", "builtins eval", "builtins getattr", "numpy os.system"),
        *("sklearn.base os.system", "sklearn.utils _joblib.joblib.load", "joblib load"),
        *("numpy.core os.system", "collections OrderedDict.__init__.__globals__"),
        *("sklearn", "numpy ctypeslib.load_library", "__main__ Net", "pickle loads"),
    ],
)
def test_names_that_the_tables_do_not_list_are_refused(name: str) -> None:
    module, _, attribute = name.partition(" ")
    data = f"c{module}\n{attribute or 'linear_model'}\n.".encode()
    with pytest.raises(pickle.UnpicklingError, match="allow-list"):
        RestrictedUnpickler(io.BytesIO(data)).load()
    with pytest.raises(InputError, match="allow-list"):
        import_what_is_named(data)


def test_a_listed_name_is_listed_and_others_are_not() -> None:
    assert is_listed("sklearn.linear_model._logistic.LogisticRegression")
    assert not is_listed("os.system")


ROADS = """
import io, pickle, sys
import joblib.numpy_pickle, numpy
from modelkeep.models.unpickler import restrict_everywhere
restrict_everywhere()
data = open(sys.argv[1], "rb").read()
array = io.BytesIO(); numpy.lib.format.write_array_header_1_0(
    array, {"descr": "|O", "fortran_order": False, "shape": (1,)})
roads = {
    "loads": lambda: pickle.loads(data),
    "load": lambda: pickle.load(io.BytesIO(data)),
    "Unpickler": lambda: pickle.Unpickler(io.BytesIO(data)).load(),
    "_Unpickler": lambda: pickle._Unpickler(io.BytesIO(data)).load(),
    "numpy": lambda: numpy.load(io.BytesIO(b"\\x93NUMPY" + array.getvalue()[6:] + data),
                                allow_pickle=True),
    "joblib": lambda: joblib.load(io.BytesIO(data)),
}
for name, road in roads.items():
    try:
        road()
    except pickle.UnpicklingError as error:
        assert "allow-list" in str(error) or "Failed to interpret" in str(error), error
        print(name, "refused")
"""


def test_every_road_to_unpickling_is_the_restricted_one(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(bomb(2))
    done = subprocess.run(
        [sys.executable, "-c", ROADS, tmp_path / "bomb"],
        capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout.split()[::2] == [
        *("loads", "load", "Unpickler", "_Unpickler", "numpy", "joblib")
    ]
