"""XML002: XML models that name code."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.xml_code import DETECTOR
from samples import VALID, found_by, scan_bytes

HEAD = '<?xml version="1.0"?>\n'
IR = HEAD + '<net name="m" version="11"><layers>{}</layers></net>'
PMML = HEAD + '<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">{}</PMML>'


def severities(text: str) -> list[Severity]:
    return [finding.severity for finding in found_by(DETECTOR, text.encode())]


@pytest.mark.parametrize(
    "text",
    [
        IR.format('<layer id="0" type="A"><data library="./libx.so"/></layer>'),
        IR.format('<layer id="0" type="A" version="opset1" plugin="C:\\x\\y.DLL"/>'),
        IR.format('<layer id="0" type="Python" module="m" layer="L"/>'),
        IR.format('<extension path="/tmp/libx.so.1"/>'),
        HEAD + '<CustomLayer name="R"><Kernel><Source filename="k.cl"/></Kernel></CustomLayer>',
        PMML.format('<Extension name="script" value="os.system(&quot;true&quot;)"/>'),
        PMML.format("<Extension>import os; os.popen('true')</Extension>"),
        PMML.format('<Extension name="python">f(1)</Extension>'),
        PMML.format('<xi:include href="file:///etc/passwd" parse="text"/>'),
        PMML.format('<include xmlns="http://www.w3.org/2001/XInclude" href="x"/>'),
        HEAD + '<?xml-stylesheet type="text/xsl" href="x.xsl"?><PMML/>',
        HEAD + "<xsl:stylesheet><msxsl:script language='C#'>x</msxsl:script></xsl:stylesheet>",
        HEAD + '<svg><a xlink:href="javascript:f()"/></svg>',
        HEAD + "<svg><script>f()</script></svg>",
    ],
)
def test_code_that_would_be_loaded_or_run_is_high(text: str) -> None:
    assert severities(text) == [Severity.HIGH]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '<java class="java.beans.XMLDecoder"/>',
        HEAD + '<a><object class="java.lang.ProcessBuilder"/></a>',
        HEAD + "<a><java.lang.ProcessBuilder/></a>",
        PMML.format('<Apply function="java.lang.Runtime.exec"/>'),
    ],
)
def test_a_java_object_that_starts_programs_is_critical(text: str) -> None:
    assert severities(text) == [Severity.CRITICAL]


@pytest.mark.parametrize(
    "text",
    [
        IR.format('<layer id="0" type="MyOp" version="extension"/>'),
        PMML.format('<Apply function="com.example.MyFunction"/>'),
    ],
)
def test_code_the_user_must_bring_is_only_mentioned(text: str) -> None:
    assert severities(text) == [Severity.INFO]


@pytest.mark.parametrize(
    "text",
    [
        VALID["xml"].decode(),
        IR.format(
            '<layer id="0" name="x/y.so" type="Const" version="opset1">'
            '<data element_type="f32" offset="0" shape="1, 3" size="12"/></layer>'
        )
        + '<!-- <rt_info><cli_parameters><input_model value="DIR/m.onnx"/> -->',
        HEAD + '<net name="m"><rt_info><conversion_parameters><extension value="None"/>'
        '<input_model value="/home/me/model.py"/></conversion_parameters></rt_info></net>',
        PMML.format(
            '<Header><Application name="SkLearn2PMML" version="0.90.1"/>'
            '<Extension name="rows" value="12 (of 40)"/></Header>'
            '<Apply function="log10"><FieldRef field="a.b"/></Apply>'
        ),
        HEAD + '<?xml-stylesheet type="text/css" href="x.css"?><svg/>',
        HEAD + '<mime-info><glob pattern="*.so"/><New class="java.io.File"/></mime-info>',
        HEAD + '<plist version="1.0"><dict><key>a.so</key></dict></plist>',
    ],
)
def test_ordinary_documents_are_silent(text: str) -> None:
    assert severities(text) == []


def test_the_file_fails(tmp_path: Path) -> None:
    text = IR.format('<layer id="0" type="A"><data library="./libx.so"/></layer>')
    assert scan_bytes(tmp_path, text.encode(), name="m.xml").verdict is Verdict.FAIL
