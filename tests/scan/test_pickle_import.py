"""PKL001: what it must catch, what it must leave alone, how it must fail."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import pathlib
import pickle
import pickletools
import struct
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import Finding, Severity, Verdict
from modelkeep.formats.pickle_policy import is_standard
from modelkeep.scan.pickle_import import DETECTOR
from samples import (
    PAYLOAD,
    PROTOCOLS,
    bomb,
    found_by,
    npy_header,
    npy_of,
    npy_with,
    polyglot,
    raw_zip,
    scan_bytes,
    zip_of,
)

# Names that reach a sink, as public advisories and issues list them.
GADGETS = """
    idlelib.pyshell.ModifiedInterpreter.runcode idlelib.autocomplete.AutoComplete.get_entity
    idlelib.calltip.get_entity idlelib.run.Executive.runcode idlelib.debugobj.ObjectTreeItem
    lib2to3.pgen2.grammar.Grammar.loads lib2to3.pgen2.pgen.ParserGenerator.make_label
    trace.Trace.run trace.Trace.runctx profile.run profile.Profile.runctx cProfile.run
    cProfile.runctx doctest.debug_script doctest.DocTestRunner ensurepip._run_pip
    ensurepip.bootstrap code.InteractiveInterpreter.runcode code.interact codeop.compile_command
    bdb.Bdb.run bdb.Bdb.runeval pdb.run pip._internal.main pip.main pip._internal.cli.main.main
    asyncio.unix_events._UnixSubprocessTransport._start asyncio.create_subprocess_shell
    torch.utils.collect_env.run torch.hub.load torch.utils.bottleneck.__main__.run_cprofile
    torch.utils._config_module.ConfigModule.load_config
    torch.jit.unsupported_tensor_ops.execWrapper
    torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression torch.load
    torch._dynamo.guards.GuardBuilder.get torch.serialization.load
    torch.utils.cpp_extension.load_inline torch.package.PackageImporter
    torch.distributed.elastic.multiprocessing.start_processes
    numpy.f2py.crackfortran.getlincoef numpy.f2py.crackfortran._eval_length
    numpy.testing._private.utils.runstring numpy.testing.runstring numpy.load numpy.memmap
    numpy.fromfile numpy.savetxt numpy.core._ufunc_reconstruct numpy.ctypeslib.load_library
    uuid._get_command_stdout uuid._popen _osx_support._read_output _aix_support._read_cmd_output
    _osx_support._find_build_tool imaplib.IMAP4_stream _pyrepl.pager.pipe_pager
    _pyrepl.pager.tempfile_pager test.support.script_helper.assert_python_ok
    pkgutil.resolve_name marshal.loads types.CodeType types.FunctionType types.MethodType
    pty.spawn runpy.run_path runpy._run_code ctypes.CDLL ctypes.cdll.LoadLibrary
    pydoc.locate pydoc.pipepager importlib.import_module importlib.machinery.SourceFileLoader
    multiprocessing.util.spawnv_passfds multiprocessing.Process linecache.getlines
    linecache.updatecache difflib.HtmlDiff gc.get_objects gc.get_referrers platform.popen
    platform._syscmd_ver inspect.getmembers inspect.getattr_static _interpreters.run_string
    _xxsubinterpreters.run_string socket.create_connection socket.socket ftplib.FTP
    smtplib.SMTP telnetlib.Telnet poplib.POP3 nntplib.NNTP http.client.HTTPConnection
    http.server.HTTPServer socketserver.TCPServer xmlrpc.client.ServerProxy
    urllib.request.urlopen urllib.request.urlretrieve webbrowser.open ssl.get_server_certificate
    mlflow.projects.backend.local._run_entry_point mlflow.pyfunc.load_model pandas.read_csv
    pandas.read_pickle pandas.io.pickle.read_pickle pandas.io.common.get_handle pandas.eval
    distutils.spawn.spawn distutils.file_util.write_file setuptools.setup
    setuptools.sandbox.run_setup IPython.utils.process.system IPython.start_ipython
    matplotlib.cbook.get_sample_data matplotlib.style.use cffi.FFI nltk.data.load
    nltk.downloader.download transformers.pipelines.pipeline
    transformers.dynamic_module_utils.get_class_from_dynamic_module
    sklearn.datasets.fetch_openml sklearn.datasets.load_svmlight_file joblib.load
    joblib.numpy_pickle.load joblib.externals.loky.backend.spawn.prepare dill.loads
    cloudpickle.cloudpickle._make_function builtins.exec builtins.eval builtins.compile
    builtins.open builtins.__import__ builtins.setattr builtins.delattr builtins.vars
    builtins.globals builtins.locals builtins.input builtins.breakpoint builtins.map
    builtins.filter builtins.iter builtins.help builtins.dir functools.reduce itertools.starmap
    operator.call os.system os.popen os.execv posix.system
    subprocess.Popen subprocess.check_output shutil.rmtree shutil.move tempfile.mktemp
    zipfile.ZipFile tarfile.open sqlite3.connect logging.config.fileConfig site.addsitedir
    timeit.timeit compileall.compile_dir py_compile.compile zipimport.zipimporter
    threading.Thread concurrent.futures.ProcessPoolExecutor codecs.open io.open
    fileinput.input glob.glob getpass.getpass readline.read_history_file ast.literal_eval
    rlcompleter.Completer pickle.loads pickle.Unpickler shelve.open
    yaml.unsafe_load yaml.load requests.get httpx.get aiohttp.request fsspec.open
    paramiko.SSHClient git.Repo.clone_from psutil.Popen sympy.sympify sympy.lambdify
    numexpr.evaluate jinja2.Template mako.template.Template tensorflow.io.read_file
    tensorflow.load_op_library keras.models.load_model keras.utils.get_file
    huggingface_hub.snapshot_download datasets.load_dataset scipy.io.loadmat
    xgboost.core.Booster.load_model h5py.File ray.remote dask.compute wandb.init
""".split()


def found(data: bytes, **more: object) -> list[Finding]:
    return found_by(DETECTOR, data, **more)  # type: ignore[arg-type]


def names(data: bytes) -> list[str]:
    return [finding.evidence["import"] for finding in found(data)]


def importing(name: str) -> bytes:
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n.".encode()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_of_os_system_is_critical_in_every_protocol(protocol: int) -> None:
    (finding,) = found(bomb(protocol))
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["import"].endswith(".system")
    assert "would run" in finding.message


@pytest.mark.parametrize(
    "name",
    [
        *("os.system", "posix.system", "subprocess.Popen", "builtins.eval", "builtins.getattr"),
        *("importlib.import_module", "runpy.run_path", "shutil.rmtree", "socket.socket"),
        *("operator.methodcaller", "pickle.loads", "ctypes.CDLL", "numpy.os.system"),
        *("pip.main", "webbrowser.open", "asyncio.run"),
    ],
)
def test_a_name_that_reaches_the_system_is_critical(name: str) -> None:
    (finding,) = found(importing(name))
    assert (finding.evidence["import"], finding.severity) == (name, Severity.CRITICAL)


CALLS: dict[str, Callable[[str, str], str]] = {
    "REDUCE": lambda module, name: f"c{module}\n{name}\n(K\x01tR.",
    "OBJ": lambda module, name: f"(c{module}\n{name}\nK\x01o.",
    "INST": lambda module, name: f"(K\x01i{module}\n{name}\n.",
    "memo": lambda module, name: f"c{module}\n{name}\nq\x000h\x00(K\x01tR.",
    "getattr": lambda module, name: (
        f"cbuiltins\ngetattr\n(c{module}\n__new__\nS'x'\ntR0c{module}\n{name}\n(K\x01tR."
    ),
}


@pytest.mark.parametrize("name", GADGETS)
def test_a_gadget_is_found_however_it_is_called(name: str) -> None:
    """None of these names stands in the rule: they are caught because nobody listed them."""
    module, _, function = name.rpartition(".")
    for how, write in CALLS.items():
        findings = found(write(module, function).encode())
        assert name in {finding.evidence["import"] for finding in findings}, how
    for at in range(1, name.count(".") + 1):  # as a dotted name through a module
        parts = name.split(".")
        findings = found(CALLS["REDUCE"](".".join(parts[:at]), ".".join(parts[at:])).encode())
        assert [finding.evidence["import"] for finding in findings] == [name]


@pytest.mark.parametrize("name", [n for n in GADGETS if not is_standard(n)])
def test_a_gadget_is_found_through_a_trusted_module(name: str) -> None:
    dotted = CALLS["REDUCE"]("torch.nn", name).encode()
    assert [finding.evidence["import"] for finding in found(dotted)] == [f"torch.nn.{name}"]


@pytest.mark.parametrize(
    "name",
    [
        *("functools.singledispatchmethod", "collections.OrderedDict.fromkeys"),
        *("itertools.accumulate", "abc.ABC", "string.capwords", "heapq.merge"),
    ],
)
def test_a_name_of_the_standard_library_that_is_not_listed_is_high_even_if_held(
    name: str,
) -> None:
    (finding,) = found(importing(name))
    assert (finding.evidence["import"], finding.severity) == (name, Severity.HIGH)


@pytest.mark.parametrize(
    "name",
    ["my_package.train", "__main__.load", "models.common.autopad", "pandas.concat", "six.b"],
)
def test_a_function_that_nobody_vetted_is_high_when_called_and_told_when_held(
    name: str,
) -> None:
    module, _, function = name.rpartition(".")
    (finding,) = found(CALLS["REDUCE"](module, function).encode())
    assert (finding.evidence["import"], finding.severity) == (name, Severity.HIGH)
    assert found(importing(name)) == []


@pytest.mark.parametrize(
    "name", ["pandas.Grouper", "xgboost.DeviceQuantileDMatrix", "PIL.ImageFile.Parser"]
)
def test_a_class_of_a_known_package_may_be_restored_but_not_called(name: str) -> None:
    module, _, function = name.rpartition(".")
    (finding,) = found(CALLS["REDUCE"](module, function).encode())
    assert finding.severity is Severity.HIGH
    assert found(f"\x80\x02c{module}\n{function}\n)\x81.".encode("latin-1")) == []


@pytest.mark.parametrize(
    "name",
    ["types.CodeType", "types.FunctionType", "threading.Thread", "logging.StreamHandler"],
)
def test_a_class_of_the_standard_library_that_is_not_listed_may_not_be_restored(
    name: str,
) -> None:
    module, _, function = name.rpartition(".")
    (finding,) = found(f"\x80\x02c{module}\n{function}\n)\x81.".encode("latin-1"))
    assert finding.severity >= Severity.HIGH


def test_what_copyreg_would_restore_is_judged_by_what_it_restores() -> None:
    data = "ccopyreg\n_reconstructor\n(c{}\ncbuiltins\nobject\nNtR."
    assert found(data.format("my_package\nModel").encode()) == []
    assert names(data.format("types\nFunctionType").encode()) == ["types.FunctionType"]
    base = b"ccopyreg\n_reconstructor\n(cmy\nModel\ncsubprocess\nPopen\nX\x01\0\0\0xtR."
    assert names(base) == ["subprocess.Popen"]


def test_bytes_that_are_scanned_themselves_may_be_loaded_by_the_loader_of_tensors() -> None:
    load = b"\x80\x04ctorch.storage\n_load_from_bytes\n"
    assert names(load + b"C\x01x\x85R.") == []
    assert names(load + b"ccollections\nOrderedDict\n)R\x85R.") == [
        "torch.storage._load_from_bytes"
    ]
    inner = bomb()
    nested = load + b"C" + bytes([len(inner)]) + inner + b"\x85R."
    assert names(nested)[0].endswith(".system")


@pytest.mark.parametrize("written", ["__builtin__ eval", "commands getoutput", "builtins eval"])
def test_names_of_python_2_are_judged_as_python_3_finds_them(written: str) -> None:
    (finding,) = found(b"c" + written.replace(" ", "\n").encode() + b"\n.")
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["import"].startswith(("builtins.", "subprocess."))


def test_each_name_is_reported_once_where_it_first_stands() -> None:
    data = b"(cos\nsystem\ncos\nsystem\ncos\npopen\nt."
    assert [(f.location.offset, f.evidence["import"]) for f in found(data)] == [
        (1, "os.system"),
        (23, "os.popen"),
    ]


def test_the_user_allows_exact_names_only() -> None:
    allow = ("my_package.Model",)
    assert found(importing("my_package.Model"), allow=allow) == []
    assert found(importing("os.system"), allow=("os.system",)) == []
    for other in ("my_package.train2", "my_package.train.load", "my_package.sub.train"):
        call = importing(other)[:-1] + b"(tR."
        assert len(found(call, allow=("my_package.train",))) == 1


def test_the_fingerprint_ignores_the_byte_offset() -> None:
    (near,) = found(bomb())
    (far,) = found(pickle.dumps(["x" * 999], 4)[:-1] + b"0" + bomb())
    assert near.location != far.location
    assert near.fingerprint == far.fingerprint


WRAPPED = {
    "second pickle": pickle.dumps(1) + bomb(),
    "behind broken bytes": PAYLOAD[:-1] + b"\xff",
    "archive": zip_of({"data.pkl": bomb()}),
    "archive in archive": zip_of({"a.zip": zip_of({"b": bomb()})}),
    "in front of an archive": bomb() + zip_of({"a": b"x"}),
    "behind an archive": zip_of({"a": b"x"}) + bomb(),
    "behind a pickle": pickle.dumps(1) + zip_of({"b": bomb()}),
    "array": npy_of(np.array([1], dtype=object))[:128] + bomb(),
    "array whose type is spelt out": npy_with(npy_header("object"), bomb()),
    "broken end of an archive": bomb(2) + b"PK\5\6" + b"\xff" * 18,
    "safetensors": polyglot(),
    "hexadecimal number": b"I0x1\n0" + PAYLOAD,
    "memo slot written 00": b"Np00\n0" + PAYLOAD,
    "behind 64 KiB without protocol": b"X"
    + struct.pack("<I", 1 << 17)
    + b"a" * (1 << 17)
    + b"0"
    + PAYLOAD,
    "without protocol and broken": b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R\xff",
    "behind an empty archive": raw_zip() + bomb(),
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_a_payload_is_found_wrapped_as(tmp_path: Path, wrapping: str) -> None:
    result = scan_bytes(tmp_path, WRAPPED[wrapping])
    assert "PKL001" in {finding.rule.id for finding in result.findings}
    assert result.verdict is Verdict.FAIL


def test_the_polyglot_is_what_it_claims_to_be() -> None:
    """Else the case above would pass for the wrong reason."""
    opcodes = [(op.name, arg) for op, arg, _ in pickletools.genops(polyglot())]
    assert ("GLOBAL", "os system") in opcodes
    assert opcodes[-1] == ("STOP", None)
    library = pytest.importorskip("safetensors")
    ((name, entry),) = library.deserialize(polyglot())
    assert (name, bytes(entry["data"]).endswith(PAYLOAD)) == ("w", True)


def test_a_truncated_pickle_is_inconclusive_and_a_truncated_payload_fails(
    tmp_path: Path,
) -> None:
    clean = scan_bytes(tmp_path, pickle.dumps({"w": [1.0]})[:-1])
    assert (clean.verdict, clean.findings) == (Verdict.INCONCLUSIVE, ())
    attack = scan_bytes(tmp_path, bomb()[:-1])
    assert attack.verdict is Verdict.FAIL
    assert "broken pickle" in attack.reason


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
    max_leaves=10,
)


@settings(max_examples=50)
@given(plain)
def test_plain_data_never_raises_a_finding(value: object) -> None:
    for protocol in PROTOCOLS:
        assert found(pickle.dumps(collections.OrderedDict(value=value), protocol)) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset({1}),
        bytearray(b"x"),
        b"raw",
        1j,
        range(3),
        slice(1, 2),
        collections.Counter("ab"),
        collections.deque([1]),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        dt.timedelta(1),
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=7),
        pathlib.PurePosixPath("a/b"),
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.ones((2, 2), "f4")),
        np.float32(1),
        np.dtype("i4,f8"),
        np.array(["a", None], dtype=object),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_saves_of_plain_data_import_is_listed(value: object, protocol: int) -> None:
    assert names(pickle.dumps(value, protocol)) == []


LOADS = b"\x80\x02ctorch.storage\n_load_from_bytes\n"


def text_in(codec: bytes) -> bytes:
    head = b"c_codecs\nencode\nX\x03\0\0\0N0.X"
    return head + len(codec).to_bytes(4, "little") + codec + b"\x86R"


@pytest.mark.parametrize("content", [text_in(b"koi8_r"), b"X\x01\0\0\0aQ", b"Pa\n"])
def test_a_loader_is_given_bytes_that_nobody_can_read(tmp_path: Path, content: bytes) -> None:
    data = LOADS + content + b"\x85R."
    assert [f.severity for f in found_by(DETECTOR, data)] == [Severity.CRITICAL]
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_a_loader_is_given_bytes_that_are_read() -> None:
    assert found_by(DETECTOR, LOADS + text_in(b"latin1") + b"\x85R.") == []
