"""The policy table: what is listed, for which use, and where a dotted name ends."""

from __future__ import annotations

import sys
import time

import pytest

from modelkeep.formats.pickle_policy import (
    Standing,
    inner_uses,
    is_class,
    is_handed_out,
    is_lookup,
    is_standard,
    package_known,
    standing,
)

SAFE = {
    "import": (
        "torch.nn.functional.relu torch.float32 numpy.float64 builtins.int typing.Any "
        "torch._C._nn.gelu"
    ),
    "reduce": (
        "numpy.core.multiarray._reconstruct numpy._core.multiarray.scalar torch.Size "
        "torch._utils._rebuild_tensor_v2 torch._utils._rebuild_device_tensor_from_numpy "
        "collections.OrderedDict copyreg._reconstructor _codecs.encode argparse.Namespace "
        "pandas._libs.internals._unpickle_block sklearn.tree._tree.Tree functools.partial "
        "numpy.random._pickle.__randomstate_ctor transformers.trainer_utils.IntervalStrategy "
        "pandas.core.indexes.base._new_Index sklearn.neighbors._kd_tree.newObj "
        "sklearn._loss._loss.__pyx_unpickle_CyHalfBinomialLoss"
    ),
    "newobj": (
        "sklearn.linear_model._logistic.LogisticRegression "
        "sklearn.tree.tree.DecisionTreeClassifier "
        "sklearn.ensemble.forest.RandomForestClassifier torch.nn.modules.linear.Linear "
        "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper scipy.sparse.csr.csr_matrix "
        "torch.nn.modules.container.Sequential joblib.numpy_pickle.NumpyArrayWrapper "
        "xgboost.core.Booster lightgbm.basic.Booster omegaconf.dictconfig.DictConfig "
        "pandas.core.frame.DataFrame sklearn.pipeline.Pipeline torch.optim.adam.Adam"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "held", "called"),
    [
        ("numpy.core._internal._reconstruct", Standing.SAFE, Standing.SAFE),
        ("gensim.utils.call_on_class_only", Standing.SAFE, None),
        ("gensim.utils.identity", Standing.SAFE, None),
        ("gensim.utils.unpickle", None, None),
        ("gensim.utils.check_output", None, None),
    ],
)
def test_what_old_libraries_saved_stands_among_what_is_dangerous(
    name: str, held: Standing | None, called: Standing | None
) -> None:
    assert (standing(name, "import") is Standing.SAFE) is (held is not None)
    assert (standing(name, "reduce") is Standing.SAFE) is (called is not None)


@pytest.mark.parametrize(("how", "names"), SAFE.items())
def test_what_real_saves_hold_is_safe_in_that_use(how: str, names: str) -> None:
    assert {n for n in names.split() if standing(n, how) is not Standing.SAFE} == set()


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("torch.nn.functional.relu", "reduce"),
        ("torch.nn.modules.linear.Linear.forward", "newobj"),
        ("sklearn.linear_model._logistic.LogisticRegression", "reduce"),
        ("collections.OrderedDict.fromkeys", "reduce"),
        ("numpy.mean", "reduce"),
        ("sklearn.tree._tree.Tree.predict", "import"),
        ("pandas.concat", "reduce"),
        ("sklearn.utils.__nothing", "reduce"),
    ],
)
def test_a_listed_name_is_not_safe_for_another_use_nor_its_attributes(
    name: str, how: str
) -> None:
    assert standing(name, how) is Standing.UNLISTED


@pytest.mark.parametrize(
    "name",
    [
        *("torch.nn.os.system", "torch.os.system", "numpy.core.os.system", "numpy.core._os.x"),
        *("sklearn.utils.fixes.np.f2py.diagnose.run_command", "torch.sys.modules", "models.os"),
        *("torch.serialization.pickle.loads", "numpy.__builtins__", "torch.Tensor.__class__"),
        *("sklearn.svm._classes.SVC.__init__.__globals__", "pandas.io.common.os.remove"),
        *("mypackage.subprocess.Popen", "mypackage._os.system", "a." * 80 + "b"),
        *("torch.hub.load", "torch.utils.collect_env.run", "numpy.testing.runstring"),
        *("numpy.f2py.crackfortran.getlincoef", "joblib.load", "pandas.read_pickle"),
        *("builtins.eval", "os.system", "types.CodeType", "transformers.pipelines.pipeline"),
        *("torch.jit.load", "scipy.io.loadmat", "cffi.FFI", "nltk.data.load"),
    ],
)
def test_a_name_is_judged_where_it_ends(name: str) -> None:
    assert standing(name) is Standing.DANGEROUS
    assert standing(name, "reduce") is Standing.DANGEROUS


@pytest.mark.parametrize(
    "name",
    [
        *("__main__.Net", "models.yolo.Model", "src.io.Reader", "my_model.code.Net"),
        *("utils.logging.Logger", "net.types.Layer", "project.__init__.Net", "a.platform.B"),
    ],
)
def test_code_of_ones_own_is_unknown_whatever_its_modules_are_called(name: str) -> None:
    assert standing(name, "newobj") is Standing.UNKNOWN
    assert not package_known(name)


def test_a_walk_from_one_known_package_to_a_listed_name_of_another_is_safe() -> None:
    assert standing("torch._utils.torch.contiguous_format") is Standing.SAFE
    assert standing("mypackage.torch.contiguous_format") is Standing.UNKNOWN


def test_every_module_of_this_standard_library_is_known() -> None:
    assert {m for m in sys.stdlib_module_names if not is_standard(f"{m}.x")} == set()
    assert is_standard("commands.getoutput")  # Python 2
    assert is_standard("_interpreters.run_string")  # Python 3.13
    assert not is_standard("numpy.ndarray")


def test_what_a_name_says_about_itself() -> None:
    assert is_class("a.Net")
    assert is_class("a._Private")
    assert not is_class("a.net")
    assert not is_class("a._")
    assert is_lookup("builtins.getattr")
    assert not is_lookup("builtins.setattr")
    assert is_handed_out("torch.storage._load_from_bytes")
    assert not is_handed_out("pickle.loads")
    assert inner_uses("copyreg._reconstructor") == ("newobj", "reduce")
    assert inner_uses("os.system") == ()


def test_a_loader_of_constant_bytes_is_safe_for_those_only() -> None:
    name = "torch.storage._load_from_bytes"
    assert standing(name, "handed out") is Standing.SAFE
    assert standing(name, "reduce") is Standing.DANGEROUS
    assert standing("pickle.loads", "handed out") is Standing.DANGEROUS


def test_an_answer_takes_microseconds_once_it_is_known() -> None:
    standing("numpy.ndarray", "newobj")
    start = time.perf_counter()
    for _ in range(10_000):
        standing("numpy.ndarray", "newobj")
    assert time.perf_counter() - start < 30  # no hang; figures are for benchmarks
