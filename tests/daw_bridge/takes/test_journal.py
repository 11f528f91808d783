from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.errors import TakeError
from daw_bridge.takes.journal import JournalWriter, cut_torn_tail, encode_line, read_journal, scan

RECORDS: list[dict[str, Any]] = [
    {"type": "take", "version": 1, "name": "für Elise"},
    {"type": "mark", "text": 'a "line"\nbreak', "sample": 2**40},
    {"type": "tokens", "data": "AAAA" * 30, "beat": 0.1},
]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.text(), values, max_size=5), max_size=6))
def test_what_is_written_is_read_back_to_the_last_bit(records: list[dict[str, Any]]) -> None:
    content = b"".join(map(encode_line, records))
    assert scan(content) == (records, len(content))


def test_a_tail_torn_at_any_byte_loses_its_record_alone() -> None:
    lines = [encode_line(record) for record in RECORDS]
    content = b"".join(lines)
    whole = [0, len(lines[0]), len(lines[0] + lines[1]), len(content)]
    for length in range(len(content) + 1):
        count = max(n for n, end in enumerate(whole) if end <= length)
        assert scan(content[:length]) == (RECORDS[:count], whole[count])


def test_any_flipped_byte_ends_the_reading_there() -> None:
    lines = [encode_line(record) for record in RECORDS]
    content = b"".join(lines)
    for place in range(len(lines[0]), len(lines[0] + lines[1])):
        damaged = bytearray(content)
        damaged[place] ^= 0x15
        assert scan(bytes(damaged)) == (RECORDS[:1], len(lines[0]))


@given(st.binary(max_size=300))
def test_rubbish_behind_whole_records_is_no_record(rubbish: bytes) -> None:
    content = b"".join(map(encode_line, RECORDS))
    records, whole = scan(content + rubbish)
    assert records[:3] == RECORDS
    assert whole >= len(content)
    assert encode_line(RECORDS[0]) in rubbish or len(records) == 3


def test_a_journal_says_whether_it_is_being_written_and_can_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "take.journal"
    writer = JournalWriter(path)
    writer.append(*RECORDS)
    assert read_journal(path).writing
    with pytest.raises(TakeError, match="being written"):
        cut_torn_tail(path)
    writer.close()
    with path.open("ab") as file:
        file.write(encode_line(RECORDS[0])[:30])
    text = read_journal(path)
    assert (text.records, text.torn_bytes, text.writing) == (RECORDS, 30, False)
    assert cut_torn_tail(path) == 30
    assert read_journal(path).torn_bytes == 0
    with pytest.raises(FileExistsError):
        JournalWriter(path)


def test_common_tools_read_it(tmp_path: Path) -> None:
    path = tmp_path / "take.journal"
    writer = JournalWriter(path)
    writer.append(*RECORDS)
    writer.close()
    shown = subprocess.run(["cut", "-c19-", path], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[0] == '{"type":"take","version":1,"name":"für Elise"}'


def test_a_missing_journal_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match="cannot be read"):
        read_journal(tmp_path / "take.journal")
