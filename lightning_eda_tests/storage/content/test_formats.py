"""Case 3: what is no data is told by its content."""

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.storage.content.formats import file_format

TABLE = pa.table({"id": [1, 2], "name": ["a", "b"]})


def written(write) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def arrow_stream(file) -> None:
    with pa.ipc.new_stream(file, TABLE.schema) as writer:
        writer.write_table(TABLE)


def archive(file) -> None:
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.csv", "a,b\n")


def tar(file) -> None:
    with tarfile.open(fileobj=file, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())


def sqlite() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE a (b)")
        return connection.serialize()


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
PRETTY = json.dumps({"error": {"code": 403, "message": "no, never"}}, indent=2)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (written(lambda file: pq.write_table(TABLE, file)), "Parquet"),
        (written(lambda file: orc.write_table(TABLE, file)), "ORC"),
        (written(lambda file: feather.write_feather(TABLE, file)), "Arrow"),
        (b"FEA1\x00\x00\x00\x00", "Feather"),
        (written(arrow_stream), "Arrow stream"),
        (b"Obj\x01\x04\x16avro.schema", "Avro"),
        (written(archive), "zip"),
        (written(tar), "tar"),
        (bz2.compress(b"a,b\n"), "bzip2"),
        (bz2.compress(b""), "bzip2"),
        (lzma.compress(b"a,b\n"), "xz"),
        (lzma.compress(b"a,b\n", lzma.FORMAT_ALONE), "lzma"),
        (gzip.compress(b"a,b\n"), "gzip"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstandard"),
        (b"\x04\x22\x4d\x18\x64", "lz4"),
        (b"7z\xbc\xaf\x27\x1c\x00", "7-Zip"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel or Word"),
        (sqlite(), "SQLite"),
        (b"\x89HDF\r\n\x1a\n\x00", "HDF5"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\x00\x01", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"\x00\x05\x16\x07\x00\x02", "macOS AppleDouble"),
        (bytes(range(256)) * 8, "binary"),
        ("\ufeffa,b,0.1\n".encode("utf-16-le"), "UTF-16"),
        ("a,b,0.1\nb,c,0.2\n".encode("utf-16-be"), "UTF-16"),
        ("a,b,0.1\n".encode("utf-32"), "UTF-32"),
        ("a,b,0.1\nb,c,0.2\n".encode("utf-32-be"), "UTF-32"),
        (bytes(5000), "binary"),
        (b"\x03\x7c\x01\x01\x02\x00\x00\x00a\x00 \x00" + bytes(20) + b"ID" + bytes(30), "binary"),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "HTML"),
        ("\n  <HTML><head></head>", "HTML"),
        ("\ufeff<!doctype HTML>", "HTML"),
        ("<div>Not, found</div>", "HTML"),
        ('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
        ("<Error><Code>AccessDenied</Code><Message>No, never</Message></Error>", "XML"),
        ('<rss version="2.0">\n<channel>\n', "XML"),
        (PRETTY, "JSON"),
        ('[{"id": 1, "name": "a"}, {"id": 2}]', "JSON"),
        ("[]", "JSON"),
        ('{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n', "JSON lines"),
        ("[1, 2]\n[3, 4]\n", "JSON lines"),
        ('{"id": 1, "name": "cut', "JSON"),
        (json.dumps([{"id": number} for number in range(2000)]), "JSON"),
        ("[" * 4000, "JSON"),
        (LFS, "Git LFS pointer"),
        ("-----BEGIN PGP MESSAGE-----\n\nhQ\n", "key or certificate"),
        ("<<<<<<< HEAD\nid,name\n", "merge conflict"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP response"),
        ("-- dump\nCREATE TABLE a (b int);\n", "SQL"),
        ("d41d8cd98f00b204e9800998ecf8427e  orders.csv\n", "list of checksums"),
        ("Traceback (most recent call last):\n  File", "error trace"),
        ("Forbidden", "message"),
        ("Access Denied\n", "message"),
        ("403 Forbidden", "message"),
        ("AccessDenied: User is not authorized, see the docs", "message"),
        ("error: file not found\n", "message"),
        ("Request has expired\n", "message"),
        ("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "PDF"),
        ("%!PS-Adobe-3.0\n%%Title: x\n", "PostScript"),
        ("{\\rtf1\\ansi hello, world\\par}", "RTF"),
        ("\\begin{tabular}{ll}\nid & name\n", "LaTeX"),
        (pickle.dumps([1, 2], 0), "pickle"),
        ("- id: 1\n  name: a\n", "YAML"),
        ("outs:\n- md5: abc\n", "YAML"),
        ("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "SQL"),
        ("-- MySQL dump 10.13\n--\n/*!40101 SET @x=1 */;\n", "SQL"),
        ("/*!40101 SET NAMES utf8 */;\nDROP TABLE a;\n", "SQL"),
        ("SELECT * FROM a;\n", "SQL"),
        ("Return-Path: <a@b.c>\nReceived: from x\n by y\nFrom: a@b.c\n", "e-mail"),
        ("From: a@b.c\nTo: d@e.f\nSubject: data\n\nid,name\n", "e-mail"),
        ("From: a@b.c\r\nX-Mark: 1\r\n\r\nid,name\r\n", "e-mail"),
        ("Subject: data\nDate: Mon, 1 Jan 2024 10:00:00 +0000\nFrom: a@b.c\n", "e-mail"),
        ("MIME-Version: 1.0\nContent-Type: text/csv\n", "e-mail"),
        ('------Boundary\r\nContent-Disposition: form-data; name="f"\r\n\r\nid,name\r\n', "upload of a form"),
        ("diff --git a/x.csv b/x.csv\nindex 1..2\n", "patch"),
        ("--- a.csv\t2024\n+++ b.csv\n@@ -1 +1 @@\n", "patch"),
        (base64.encodebytes(b"id,name\n" * 50), "base64"),
        (base64.b64encode(b"id,name\n" * 1000), "base64"),
        ("data:text/csv;base64,aWQsbmFtZQo=", "base64"),
        ("begin 644 a.csv\n#0V%T\n`\nend\n", "uuencoded"),
        ("BEGIN:VCARD\nVERSION:3.0\n", "calendar or contact"),
        ('callback({"id": 1});', "script"),
        ("var data = [1, 2];\n", "script"),
        ("<?php echo 1;", "script"),
        ("@relation a\n@attribute id numeric\n", "ARFF"),
        ("+----+------+\n| id | name |\n", "table drawn with lines"),
        ("age-encryption.org/v1\n-> X25519 abc\n", "encrypted"),
        ("java.lang.NullPointerException: x\n\tat x.y(Z.java:1)\n", "error trace"),
        ("The page you are looking for is gone, sorry.\nGo home.\n", "message"),
    ],
)  # fmt: skip
def test_case_3_a_file_of_another_kind_is_named(data, found):
    """Binary formats by their marks, texts by how they begin."""
    named = file_format(data if isinstance(data, bytes) else data.encode())
    assert named is not None
    assert named.startswith(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id\n1\n",
        "ORC,PAR1\n1,2\n",
        "select,from,where\n1,2,3\n",
        "Select the colour from the list,Age\nred,7\n",
        "Select one from these\n1\n",
        "speed([km/h]),x\n1,2\n",
        "+-+\n1\n",
        "Set names,count\na,1\n",
        "Date: day,To: whom\n1,2\n",
        "Create tables,b\n1,2\n",
        "select, from a\n1,2\n",
        "From: who,To: whom\n1,2\n",
        "From: Rome\nTo: Paris\nFrom: Paris\nTo: Rome\n",
        "Subject: maths\nSubject: art\n\n",
        "Date: 2024-01-01\nDate: 2024-01-02\n",
        "begin,end\n1,2\n",
        "x" * 400 + ",1\n",
        "hash\n" + 3 * ("a" * 64 + "\n"),
        "- a,b\n1,2\n",
        "var,let\n1,2\n",
        "f(x),g(x)\n1,2\n",
        "--,b\n1,2\n",
        "set,names\n1,2\n",
        "PAR1\n1\n",
        "GIF8,RIFF\n1,2\n",
        "BZh,x\n1,2\n",
        "<TICKER>,<PER>,<DATE>\nA,D,20240101\n",
        "<DATE>\t<OPEN>\n1\t2\n",
        "<b>x</b>,y\n<i>1</i>,2\n",
        "[id],[name]\n1,a\n",
        "[1],[2]\n[3],[4]\n",
        '{"a": 1},2\n{"a": 2},3\n',
        "error,count\nx,1\n",
        "Error:code,text\n1,a\n2,b\n",
        "error\n1\n2\n3\n4\n5\n6\n",
        "status\nforbidden\n",
        "version,https\n1,2\n",
        "#,name,%\n1,a,2\n",
        "---,x\n1,2\n",
        "What is your favourite colour?\nblue\n",
        "姓名,城市\n张伟,北京\n",
        "a\x1fb\n1\x1f2\n",
    ],
)
def test_case_3_tables_that_look_odd_are_tables(text):
    """Headers of tags, brackets and marks are in use."""
    assert file_format(text.encode()) is None


@given(st.binary(max_size=400))
def test_case_3_any_bytes_are_looked_at_without_error(data):
    """Whatever they are."""
    assert file_format(data) is None or file_format(data)
