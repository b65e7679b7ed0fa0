"""Addresses to bytes: what a path names, its files, their digests."""

from modelkeep.sources.artifact import (
    SIGNATURE_NAME,
    Artifact,
    FileSource,
    open_artifact,
    read_unchanged,
    stamp,
)
from modelkeep.sources.cache import Cache, cache_folder
from modelkeep.sources.digest import (
    FileDigest,
    Hashing,
    Manifest,
    Progress,
    digest_artifact,
    digest_bytes,
    digest_source,
    manifest_of,
    private_copy,
    root_digest,
)
from modelkeep.sources.ranges import RangeSource
from modelkeep.sources.remote import RemoteArtifact, is_address, open_address
from modelkeep.sources.sealed import SealedCopy, sealed_copy
from modelkeep.sources.spool import spooled

__all__ = [
    "SIGNATURE_NAME",
    "Artifact",
    "Cache",
    "FileDigest",
    "FileSource",
    "Hashing",
    "Manifest",
    "Progress",
    "RangeSource",
    "RemoteArtifact",
    "SealedCopy",
    "cache_folder",
    "digest_artifact",
    "digest_bytes",
    "digest_source",
    "is_address",
    "manifest_of",
    "open_address",
    "open_artifact",
    "private_copy",
    "read_unchanged",
    "root_digest",
    "sealed_copy",
    "spooled",
    "stamp",
]
