"""Croissant metadata (MLCommons, version 1.0) of a folder of Parquet files, made of the manifest alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {"int": "sc:Integer", "float": "sc:Float", "bool": "sc:Boolean", "time": "sc:DateTime"}


def metadata(facts: Mapping[str, Any]) -> bytes:
    """The file croissant.json."""
    shards = sorted((file for file in facts["files"] if file["sets"]), key=lambda file: str(file["path"]))
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "news-articles-point-in-time",
        "description": f"News articles as a crawler knew them at {facts['state']['at']}.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "datePublished": facts["state"]["at"][:10],
        "version": "1.0.0",
        "license": "rights of the publishers",
        "distribution": [*map(_file, shards)],
        "recordSet": [_records(file, facts) for file in shards],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file["path"],
        "name": file["path"],
        "contentUrl": file["path"],
        "contentSize": f"{file['bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file["sha256"],
    }


def _records(file: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of one shard."""
    name = file["path"].removeprefix("data/").removesuffix(".parquet")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [*_fields(name, file["path"], facts["fields"])],
    }


def _fields(of: str, path: str, fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, field in fields.items():
        # The structure of a mention is for readers of Parquet: a record has one value a field.
        if name != "split" and field["kind"] != "mentions":
            yield {
                "@type": "cr:Field",
                "@id": f"{of}/{name}",
                "name": name,
                "description": ", ".join(filter(None, (field["meaning"], field["unit"]))),
                "dataType": _TYPES.get(field["kind"], "sc:Text"),
                "source": {"fileObject": {"@id": path}, "extract": {"column": name}},
            }
