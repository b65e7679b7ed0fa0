"""PYC006: code that plants itself or destroys files."""

from __future__ import annotations

from code_samples import BehavesLikeARule
from modelkeep.scan.python_persistence import DETECTOR


class TestPersistence(BehavesLikeARule):
    detector = DETECTOR
    bad = (
        'import shutil\nshutil.rmtree("/srv/data")',
        'import os\nopen(os.path.expanduser("~/.bashrc"), "a").write("x")',
        'open("/root/.ssh/authorized_keys", mode="a")',
        'import site\nopen(site.getsitepackages()[0] + "/x.pth", "w").write("import x")',
        'from pathlib import Path\n(Path.home() / ".bashrc").write_text("x")',
        'import shutil\nshutil.copy("x", "/etc/cron.d/x")',
        "import builtins\nbuiltins.open = f",
        "import sys\nsys.meta_path.insert(0, F())",
        "import sys\nsys.settrace(f)",
        'import shutil\nshutil.rmtree("/")',
        'import shutil, os\nshutil.rmtree(os.path.expanduser("~"))',
        'import winreg\nwinreg.SetValueEx(k, "x", 0, 1, "x")',
    )
    good = (
        'open("out.txt", "w").write("x")',
        "import shutil\nshutil.rmtree(tmp)",
        'import shutil\nshutil.rmtree(os.path.join(d, "/x"))',
        'open("model.pth", "wb")',
        'import sys\nsys.path.insert(0, ".")',
        'open("/etc/hosts")',
        "import sys\nsys.modules[__name__] = x",
    )
