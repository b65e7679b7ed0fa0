"""Which TensorFlow operators reach outside the graph, and by which input: data, not logic.

Of the about 1,500 standard operators a few dozen open files, connections or the Python
interpreter; all others compute and are not listed. Those that restore variables or fill
lookup tables are part of every saved model: what matters there is the name they open.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.core import Severity

_RUNS: Final = "hands the graph to a native executor it names"
_PYTHON: Final = "calls a Python function of the process"
_READS: Final = "reads any file the process may read"
_LISTS: Final = "lists files of the machine"
_WRITES: Final = "writes files"
_CONNECTS: Final = "opens network connections"
_ACCESS: Final = "changes how the process reaches file systems"
READS_DATA: Final = "reads data files"
"""What only a graph for training has a use for."""
_NATIVE: Final = "carries machine code for an accelerator"

REACHES: Final = {
    "PyFunc": (Severity.CRITICAL, _PYTHON),
    "PyFuncStateless": (Severity.CRITICAL, _PYTHON),
    "EagerPyFunc": (Severity.CRITICAL, _PYTHON),
    "WriteFile": (Severity.CRITICAL, _WRITES),
    "ReadFile": (Severity.HIGH, _READS),
    "WholeFileReader": (Severity.HIGH, _READS),
    "WholeFileReaderV2": (Severity.HIGH, _READS),
    "MatchingFiles": (Severity.HIGH, _LISTS),
    "RemoteFusedGraphExecute": (Severity.HIGH, _RUNS),
    "RemoteCall": (Severity.HIGH, "runs a function on another device or machine"),
    "GeneratorDataset": (Severity.HIGH, "draws from a generator, which is Python"),
    "LoadDataset": (Severity.HIGH, _READS),
    "Save": (Severity.HIGH, _WRITES),
    "SaveSlices": (Severity.HIGH, _WRITES),
    **dict.fromkeys(
        """
        DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary
        DebugNumericSummaryV2
        """.split(),
        (Severity.HIGH, "copies tensors to where its attributes say"),
    ),
    "TRTEngineOp": (Severity.MEDIUM, _NATIVE),
    **dict.fromkeys(
        """
        SaveDataset SaveDatasetV2 DatasetToTFRecord ExperimentalDatasetToTFRecord
        SnapshotDataset SnapshotDatasetV2 DistributedSave SnapshotChunkDataset
        """.split(),
        (Severity.HIGH, _WRITES),
    ),
    **dict.fromkeys(
        """
        Rpc TryRpc RpcCall RpcClient RpcServer RpcServerStart RpcServerRegister
        RegisterDataset RegisterDatasetV2 DataServiceDataset DataServiceDatasetV2
        DataServiceDatasetV3 DataServiceDatasetV4 BigQueryReader
        GenerateBigQueryReaderPartitions BigtableClient SqlDataset ExperimentalSqlDataset
        """.split(),
        (Severity.HIGH, _CONNECTS),
    ),
    **dict.fromkeys(
        """
        FileSystemSetConfiguration GcsConfigureCredentials GcsConfigureBlockCache
        """.split(),
        (Severity.HIGH, _ACCESS),
    ),
    **dict.fromkeys(
        """
        TextLineReader TextLineReaderV2 TFRecordReader TFRecordReaderV2
        FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader
        TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset
        FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset
        LMDBDataset ExperimentalLMDBDataset MatchingFilesDataset
        ExperimentalMatchingFilesDataset ListSnapshotChunksDataset
        """.split(),
        (Severity.MEDIUM, READS_DATA),
    ),
    **dict.fromkeys(
        ("CreateSummaryFileWriter", "CreateSummaryDbWriter"),
        (Severity.MEDIUM, "writes event logs"),
    ),
}
"""Operators that reach outside whatever they are given: how bad, and what they do."""

_TEXT_REACHES: Final = (
    # operator, attribute, what its text must match to reach outside, what it does then
    (re.compile(r"PrintV2"), "output_stream", re.compile(r"(?i)file:.*"), _WRITES),
    (
        re.compile(r"DecodeProto(V2)?|EncodeProto"),
        "descriptor_source",
        re.compile(r"(?!local://$|bytes://).+"),
        "reads a descriptor from a file",
    ),
    (
        re.compile(r"ImmutableConst"),
        "memory_region_name",
        re.compile(r"(?!memmapped_package://).+"),
        "maps a file into memory",
    ),
)

_FILE_INPUTS: Final = {
    **dict.fromkeys(
        """
        Save SaveV2 SaveSlices Restore RestoreV2 RestoreSlice CheckpointExists
        LoadAndRemapMatrix TextLineDataset TFRecordDataset TFRecordDatasetV2
        FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2
        ExperimentalCSVDataset LMDBDataset ExperimentalLMDBDataset MatchingFilesDataset
        ExperimentalMatchingFilesDataset LoadDataset ListSnapshotChunksDataset
        ShardedFilename ShardedFilespec
        """.split(),
        (0,),
    ),
    **dict.fromkeys(
        """
        InitializeTableFromTextFile InitializeTableFromTextFileV2 CacheDataset CacheDatasetV2
        CreateSummaryFileWriter CreateSummaryDbWriter QueueEnqueue QueueEnqueueV2
        QueueEnqueueMany QueueEnqueueManyV2
        """.split(),
        (1,),
    ),
    "MergeV2Checkpoints": (0, 1),
    "GenerateVocabRemapping": (0, 1),
}
_LISTS_OF_FILES: Final = frozenset({"TensorSliceDataset", "TensorDataset"})
_READERS: Final = frozenset(op for op in REACHES if op.endswith(("Dataset", "DatasetV2")))

_OUTSIDE: Final = re.compile(
    r"""
    /(?!$) | \\ | ~ | [A-Za-z]:[\\/]               # absolute
    | (?!(?:ram|memmapped_package)://)[A-Za-z][A-Za-z0-9+.-]*://.   # a URL
    | (?:.*[/\\])?\.\.(?:[/\\]|$)                  # upward
    """,
    re.VERBOSE | re.DOTALL,
)


def text_reach(op: str, text: str) -> str | None:
    """What an operator does because of a text attribute (``key=value``), if it reaches out."""
    key, _, value = text.partition("=")
    for operator, attribute, outside, what in _TEXT_REACHES:
        if key == attribute and operator.fullmatch(op) and outside.fullmatch(value):
            return what
    return None


def file_inputs(op: str, *, reads_data: bool) -> tuple[int, ...]:
    """Which inputs of an operator are names of files.

    Args:
        op: the operator.
        reads_data: whether the graph has data set readers, whose files are listed elsewhere.
    """
    if reads_data and op in _LISTS_OF_FILES:
        return tuple(range(16))
    return _FILE_INPUTS.get(op, ())


def reads_data_sets(op: str) -> bool:
    """Whether an operator reads the files of a data set."""
    return op in _READERS


def is_outside(name: str) -> bool:
    """Whether a file name leads out of the model: absolute, upward, or a URL."""
    return _OUTSIDE.match(name) is not None
