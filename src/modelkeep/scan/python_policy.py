"""What Python calls do, judged by their dotted names: data, not logic.

A call is an act: it starts a program, runs text as code, restores a pickle, opens a
connection, writes a file. The rules about code decide by act, by where the
values come from and by when the code runs.

Sources: CPython library reference; the deny lists of bandit and the advisories of pickle
scanners, which name functions of the standard library that start programs.
"""

from __future__ import annotations

import enum
from typing import Final


class Act(enum.Enum):
    """What a call does."""

    COMMAND = "starts a program"
    EXECUTE = "runs text as code"
    IMPORT = "imports by a computed name"
    UNPICKLE = "restores objects that may run code"
    NATIVE = "loads machine code"
    REQUEST = "fetches from the network"
    SEND = "sends to the network"
    CONNECT = "opens a connection"
    OPEN = "opens a file"
    WRITE = "writes"
    COPY = "copies a file"
    HOOK = "hooks into the interpreter"
    LOOKUP = "looks up a name at run time"
    DELETE = "deletes files"
    BUILD = "compiles and loads native code"
    TEMPLATE = "renders a template"


_TABLE: Final = {
    Act.COMMAND: """
        os.system os.popen os.popen2 os.popen3 os.popen4 os.startfile os.posix_spawn
        os.posix_spawnp os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp
        os.execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp
        os.spawnvpe os.dup2 subprocess.run subprocess.call subprocess.Popen
        subprocess.check_output subprocess.check_call subprocess.getoutput
        subprocess.getstatusoutput pty.spawn pty.fork commands.getoutput
        commands.getstatusoutput popen2.popen2 popen2.popen3 platform.popen
        asyncio.create_subprocess_exec asyncio.create_subprocess_shell
        asyncio.subprocess.create_subprocess_exec asyncio.subprocess.create_subprocess_shell
        pexpect.spawn pexpect.run distutils.spawn.spawn setuptools._distutils.spawn.spawn
        torch.utils.collect_env.run torch.utils.collect_env.run_and_read_all
        torch._inductor.codecache.compile_file pip.main pip._internal.main
        pip._internal.cli.main.main ensurepip.bootstrap IPython.get_ipython().system
        IPython.get_ipython().getoutput IPython.get_ipython().run_cell_magic
        get_ipython().system get_ipython().getoutput get_ipython().run_cell_magic
        multiprocessing.util.spawnv_passfds _posixsubprocess.fork_exec
        ctypes.CDLL().system ctypes.cdll.LoadLibrary().system ctypes.cdll.msvcrt.system
        ctypes.CDLL().execve ctypes.CDLL().popen ctypes.windll.kernel32.WinExec
        ctypes.windll.shell32.ShellExecuteA ctypes.windll.shell32.ShellExecuteW
        os.posix_spawn paramiko.SSHClient().exec_command fabric.Connection().run
        invoke.run sh.bash sh.sh plumbum.local _winapi.CreateProcess win32api.WinExec
        webbrowser.get cgitb.enable pydoc.pipepager pydoc.tempfilepager builtins.breakpoint
        asyncio.new_event_loop().subprocess_shell asyncio.new_event_loop().subprocess_exec
        asyncio.get_event_loop().subprocess_shell asyncio.get_event_loop().subprocess_exec
        asyncio.get_running_loop().subprocess_shell
        asyncio.get_running_loop().subprocess_exec
        """,
    Act.EXECUTE: """
        builtins.exec builtins.eval builtins.execfile builtins.compile runpy.run_path
        runpy.run_module runpy._run_code code.interact code.InteractiveInterpreter
        code.InteractiveConsole code.InteractiveInterpreter().runcode
        code.InteractiveInterpreter().runsource code.InteractiveConsole().push
        timeit.timeit timeit.repeat timeit.Timer cProfile.run cProfile.runctx
        profile.run profile.runctx bdb.Bdb().run pdb.run pdb.runeval trace.Trace().run
        types.FunctionType types.CodeType types.LambdaType new.function new.code
        pandas.eval pandas.core.computation.eval.eval numpy.f2py.compile
        imp.load_source imp.load_compiled imp.load_dynamic imp.load_module
        importlib.machinery.SourceFileLoader importlib.machinery.SourcelessFileLoader
        importlib.machinery.SourceFileLoader().load_module
        importlib.machinery.SourcelessFileLoader().load_module
        importlib.util.module_from_spec().__loader__.exec_module
        torch.hub.load doctest.testmod
        test.support.script_helper.assert_python_ok lib2to3.pgen2.grammar.Grammar().loads
        __pyarmor__ pyarmor_runtime.__pyarmor__ pytransform.pyarmor_runtime
        codeop.compile_command js2py.eval_js numba.core.compiler
        ctypes.pythonapi.PyRun_SimpleString ctypes.pythonapi.PyRun_String
        sympy.sympify sympy.parsing.sympy_parser.parse_expr numexpr.evaluate
        importlib.util.spec_from_file_location
        """,
    Act.IMPORT: """
        builtins.__import__ importlib.import_module importlib.__import__
        importlib._bootstrap._gcd_import pkgutil.resolve_name pydoc.locate
        pydoc.safeimport __loader__.load_module zipimport.zipimporter
        zipimport.zipimporter().load_module
        """,
    Act.UNPICKLE: """
        pickle.load pickle.loads pickle.Unpickler _pickle.load _pickle.loads _pickle.Unpickler
        cPickle.load cPickle.loads dill.load dill.loads cloudpickle.load cloudpickle.loads
        joblib.load marshal.load marshal.loads shelve.open shelve.DbfilenameShelf
        torch.load numpy.load
        pandas.read_pickle yaml.load yaml.load_all yaml.unsafe_load yaml.full_load
        jsonpickle.decode jsonpickle.loads skops.io.load sklearn.externals.joblib.load
        torch.storage._load_from_bytes torch.serialization.load hickle.load
        pickle.Unpickler().load keras.models.load_model tensorflow.keras.models.load_model
        """,
    Act.NATIVE: """
        ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll.LoadLibrary
        ctypes.windll.LoadLibrary ctypes.pythonapi ctypes.CFUNCTYPE
        ctypes.CFUNCTYPE() ctypes.PYFUNCTYPE() ctypes.WINFUNCTYPE() ctypes.cast
        ctypes.memmove ctypes.windll.kernel32.VirtualAlloc
        ctypes.windll.kernel32.CreateThread ctypes.windll.kernel32.RtlMoveMemory
        numpy.ctypeslib.load_library
        ctypes.CDLL().mprotect ctypes.CDLL().mmap cffi.FFI().dlopen
        importlib.machinery.ExtensionFileLoader _imp.create_dynamic
        """,
    Act.BUILD: """
        torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline
        torch.ops.load_library torch.classes.load_library tensorflow.load_op_library
        tensorflow.load_library cffi.verify
        """,
    Act.REQUEST: """
        requests.get requests.request requests.head requests.Session().get
        requests.Session().request requests.session().get urllib.request.urlopen
        urllib.request.urlretrieve urllib.urlopen urllib.urlretrieve urllib2.urlopen
        urllib.request.build_opener().open urllib.request.FancyURLopener().open
        httpx.get httpx.request httpx.Client().get httpx.stream aiohttp.ClientSession().get
        urllib3.PoolManager().request urllib3.request wget.download pycurl.Curl().perform
        six.moves.urllib.request.urlopen http.client.HTTPSConnection().getresponse
        http.client.HTTPConnection().getresponse fsspec.open smart_open.open
        torch.hub.download_url_to_file torch.hub.load_state_dict_from_url
        xmlrpc.client.ServerProxy pandas.read_csv numpy.DataSource().open
        """,
    Act.SEND: """
        requests.post requests.put requests.patch requests.delete requests.Session().post
        requests.Session().put requests.session().post httpx.post httpx.put
        httpx.Client().post aiohttp.ClientSession().post urllib.request.Request
        http.client.HTTPSConnection().request http.client.HTTPConnection().request
        socket.socket().send socket.socket().sendall socket.socket().sendto
        socket.create_connection().send socket.create_connection().sendall
        smtplib.SMTP().sendmail smtplib.SMTP().send_message smtplib.SMTP_SSL().sendmail
        ftplib.FTP().storbinary ftplib.FTP().storlines paramiko.SFTPClient().put
        boto3.client().put_object boto3.client().upload_file boto3.client().upload_fileobj
        websocket.create_connection().send socket.gethostbyname socket.getaddrinfo
        dns.resolver.resolve dns.resolver.query huggingface_hub.upload_file
        huggingface_hub.HfApi().upload_file huggingface_hub.HfApi().upload_folder
        """,
    Act.CONNECT: """
        socket.socket().connect socket.socket().connect_ex socket.create_connection
        socket.create_server socket.socket().listen asyncio.open_connection
        asyncio.start_server telnetlib.Telnet ftplib.FTP ftplib.FTP_TLS smtplib.SMTP
        smtplib.SMTP_SSL paramiko.SSHClient().connect paramiko.Transport
        websocket.create_connection websockets.connect nntplib.NNTP imaplib.IMAP4
        imaplib.IMAP4_SSL poplib.POP3 http.server.HTTPServer().serve_forever
        http.server.ThreadingHTTPServer().serve_forever
        socketserver.TCPServer().serve_forever socketserver.ThreadingTCPServer().serve_forever
        """,
    Act.OPEN: """
        builtins.open io.open codecs.open os.open pathlib.Path().open
        pathlib.Path().read_text pathlib.Path().read_bytes gzip.open tarfile.open
        zipfile.ZipFile linecache.getlines linecache.getline _io.open io.FileIO
        fileinput.input numpy.fromfile numpy.loadtxt os.listdir os.walk os.scandir
        pathlib.Path().iterdir glob.glob
        """,
    Act.WRITE: """
        builtins.open().write builtins.open().writelines io.open().write
        codecs.open().write pathlib.Path().write_text pathlib.Path().write_bytes
        pathlib.Path().open().write os.write io.FileIO().write
        """,
    Act.COPY: """
        shutil.copy shutil.copyfile shutil.copy2 shutil.move os.rename os.replace os.symlink
        os.link shutil.copytree pathlib.Path().symlink_to pathlib.Path().rename
        """,
    Act.HOOK: """
        sys.settrace sys.setprofile threading.settrace threading.setprofile
        sys.meta_path.insert sys.meta_path.append sys.path_hooks.insert sys.path_hooks.append
        sys.path.insert sys.path.append sys.path.extend
        sys.addaudithook winreg.SetValueEx winreg.CreateKey winreg.SetValue
        """,
    Act.TEMPLATE: """
        jinja2.Template jinja2.Environment().from_string jinja2.environment.Template
        jinja2.Environment.from_string jinja2.nativetypes.NativeTemplate
        jinja2.nativetypes.NativeEnvironment().from_string flask.render_template_string
        mako.template.Template tornado.template.Template
        """,
    Act.DELETE: """
        shutil.rmtree os.remove os.unlink os.rmdir os.removedirs
        """,
}
ACTS: Final = {name: act for act, names in _TABLE.items() for name in names.split()}
RISKY: Final = frozenset({Act.COMMAND, Act.EXECUTE, Act.UNPICKLE, Act.NATIVE})
"""Acts whose function is dangerous to hand around as a value."""

DANGEROUS_MODULES: Final = frozenset(
    "os posix nt subprocess builtins __builtin__ ctypes importlib pickle marshal pty socket "
    "_posixsubprocess runpy shutil".split()
)
"""Modules whose functions, chosen by a computed name, can be anything."""

_ALIASES: Final = {
    "posix": "os",
    "nt": "os",
    "__builtin__": "builtins",
    "__builtins__": "builtins",
    "_io": "io",
    "multiprocess": "multiprocessing",
    "_socket": "socket",
    "np": "numpy",
}

BUILTINS: Final = frozenset(
    """
    exec eval execfile compile open __import__ getattr setattr hasattr vars globals locals
    input map filter chr ord str bytes bytearray int float list tuple dict set reversed sorted
    breakpoint print isinstance issubclass callable type id repr len format object zip
    enumerate super property next iter sum min max any all hex range memoryview bool
    """.split()
)

RUN_BY_VARIABLE: Final = frozenset(
    "LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES PYTHONBREAKPOINT PYTHONSTARTUP BASH_ENV "
    "PYTHONHOME GIT_SSH_COMMAND PROMPT_COMMAND".split()
)
"""Variables of the environment that make other programs load or run something."""

SECRET_PLACES: Final = (
    *(".ssh/", ".aws/", ".netrc", "/etc/shadow", "/etc/passwd", ".git-credentials"),
    *(".docker/config.json", ".kube/config", "huggingface/token", ".gnupg", "id_rsa"),
    *("id_ed25519", ".bash_history", ".npmrc", ".pypirc", "login data", "cookies.sqlite"),
    *("wallet.dat", "/proc/self/environ", ".config/gcloud", ".azure/", ".vault-token"),
    *("/var/run/secrets", ".pgpass", ".my.cnf", ".zsh_history", "/etc/sudoers"),
)
OWN_LOGINS: Final = (
    *(".netrc", ".git-credentials", ".docker/config.json", ".kube/config", ".npmrc", ".pypirc"),
    *(".aws/", ".config/gcloud", ".azure/", ".vault-token", ".pgpass", ".my.cnf"),
    *("huggingface/token", "/var/run/secrets"),
)
"""Those among them that a client of that service reads to log in."""
LOGIN: Final = frozenset({"headers", "auth", "token", "cookies", "timeout", "verify"})
"""Arguments of a request by which programs log in."""
STARTUP_PLACES: Final = (
    *(".bashrc", ".zshrc", ".bash_profile", ".profile", ".zprofile", "authorized_keys"),
    *("crontab", "/etc/cron", "/etc/rc", "systemd/", ".config/autostart", "site-packages"),
    *("dist-packages", "sitecustomize", "usercustomize", "launchagents", "launchdaemons"),
    *("\\startup\\", "start menu", "/etc/ld.so", "/etc/sudoers", "/etc/profile"),
    *("/etc/init", ".git/hooks", "/etc/hosts", "currentversion\\run", ".vimrc"),
    *(".config/fish", ".ipython/profile", ".jupyter/", "/usr/bin/", "/usr/local/bin/"),
)
EXFILTRATION_HOSTS: Final = (
    *("webhook.site", "requestbin", "pipedream", "ngrok", "burpcollaborator", "oastify"),
    *("oast.", "interact.sh", "interactsh", "discord.com/api/webhooks", "api.telegram.org"),
    *("discordapp.com/api/webhooks", "transfer.sh", "pastebin.com", "169.254.169.254"),
    *("metadata.google.internal", ".onion", "beeceptor", "canarytokens", "file.io"),
)


def canonical(dotted: str) -> str:
    """A name as this table spells it: ``posix.system`` and ``x.os.system`` as ``os.system``."""
    parts = dotted.split(".")
    parts[0] = _ALIASES.get(parts[0], parts[0])
    for start in range(len(parts) - 1):
        tail = [
            _ALIASES.get(parts[start], parts[start]).lstrip("_") or "_",
            *parts[start + 1 :],
        ]
        for spelled in (".".join(tail), ".".join([parts[start], *parts[start + 1 :]])):
            if spelled in ACTS and (start == 0 or tail[0] in DANGEROUS_MODULES):
                return spelled
    return ".".join(parts)


def act_of(dotted: str) -> Act | None:
    """What calling a name does, if the table knows it."""
    return ACTS.get(canonical(dotted)) if dotted else None
