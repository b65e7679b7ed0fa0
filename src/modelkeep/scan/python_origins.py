"""Where a value comes from, told by the call that makes it: data, not logic.

Sources: CPython library reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modelkeep.scan.python_policy import OWN_LOGINS, SECRET_PLACES, Act, act_of
from modelkeep.scan.python_values import (
    ASSEMBLED,
    CODE,
    DECODED,
    ENVIRONMENT,
    FILE,
    HOST,
    HUB,
    NETWORK,
    SECRET,
    SITE,
    VARIABLE,
    WHOLE,
    Value,
    flat,
    joined,
)

_ORIGINS: Final = {
    NETWORK: """
        socket.socket().recv socket.socket().recvfrom socket.socket().makefile
        socket.socket().recv_into socket.create_connection().recv
        socket.create_connection().makefile asyncio.open_connection
        huggingface_hub.InferenceClient websocket.create_connection().recv
        """,
    DECODED: """
        base64.b64decode base64.b32decode base64.b16decode base64.b85decode base64.a85decode
        base64.urlsafe_b64decode base64.standard_b64decode base64.decodebytes
        binascii.unhexlify binascii.a2b_hex binascii.a2b_base64 codecs.decode
        zlib.decompress gzip.decompress bz2.decompress lzma.decompress
        builtins.bytes.fromhex builtins.bytearray.fromhex marshal.loads marshal.load
        zlib.decompressobj().decompress cryptography.fernet.Fernet().decrypt
        Crypto.Cipher.AES.new().decrypt
        """,
    ASSEMBLED: "builtins.chr builtins.reversed",
    ENVIRONMENT: "os.getenv os.environ os.environ.get os.environ.copy os.environb",
    HOST: """
        platform.node platform.uname platform.platform getpass.getuser socket.gethostname
        os.getlogin os.uname uuid.getnode socket.getfqdn getpass.getpass builtins.input
        """,
    SITE: """
        site.getsitepackages site.getusersitepackages site.USER_SITE site.getuserbase
        sysconfig.get_path sysconfig.get_paths distutils.sysconfig.get_python_lib
        """,
    SECRET: """
        huggingface_hub.get_token huggingface_hub.HfFolder.get_token
        huggingface_hub.HfFolder().get_token keyring.get_password
        """,
    HUB: """
        huggingface_hub.hf_hub_download huggingface_hub.snapshot_download
        huggingface_hub.cached_download
        """,
    CODE: "builtins.compile types.CodeType marshal.loads marshal.load",
}
_WHOLE: Final = frozenset(
    "os.environ os.environb os.environ.copy os.environ.items os.environ.values".split()
)
_BY_NAME: Final = {name: label for label, names in _ORIGINS.items() for name in names.split()}
_OPENERS: Final = frozenset({"fsspec.open", "smart_open.open", "pandas.read_csv"})
_FORGET: Final = frozenset(
    "builtins.len builtins.isinstance builtins.hasattr builtins.type builtins.print "
    "builtins.id builtins.range builtins.callable builtins.bool os.path.exists "
    "os.path.isfile os.path.isdir".split()
)


def is_secret_place(text: str) -> bool:
    """Whether a path leads to credentials."""
    lower = text.lower().replace("\\", "/")
    return any(place in lower for place in SECRET_PLACES)


def is_own_login(path: str) -> bool:
    """Whether a path leads to what one kind of client logs in with, and to nothing else."""
    lower = path.lower().replace("\\", "/")
    found = [place for place in SECRET_PLACES if place in lower]
    return bool(found) and all(place in OWN_LOGINS for place in found)


def _opens_what_is_given(dotted: str, args: Sequence[Value]) -> bool:
    """Whether a caller names what is opened, and that may be a file as well."""
    return dotted in _OPENERS and VARIABLE in joined(*args[:1]) and "://" not in flat(args[0])


def labels_of(dotted: str, args: Sequence[Value]) -> frozenset[str]:
    """The labels of a call's result."""
    if dotted in _FORGET:
        return frozenset()
    labels = joined(*args)
    own = _BY_NAME.get(dotted)
    if own is not None:
        labels |= {own}
    act = act_of(dotted)
    if act is Act.REQUEST:
        labels |= {FILE} if _opens_what_is_given(dotted, args) else {NETWORK}
    elif act is Act.OPEN:
        secret = any(is_secret_place(flat(arg)) for arg in args[:1])
        labels |= {FILE, SECRET} if secret else {FILE}
    return labels


def labels_of_name(dotted: str) -> frozenset[str]:
    """The labels of an attribute, such as ``os.environ``."""
    if dotted.endswith(".__file__"):  # where an installed module lies
        return frozenset({SITE})
    own = _BY_NAME.get(dotted)
    labels = {own} if own in {ENVIRONMENT, SITE} else set[str]()
    return frozenset(labels | {WHOLE}) if dotted in _WHOLE else frozenset(labels)
