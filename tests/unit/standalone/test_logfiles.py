from __future__ import annotations

import os
import re

from ai4k8s_standalone.logfiles import LogFile, PipeReader, last_lines, tail
from tests.support.wait import eventually


def test_a_log_stays_bounded_and_keeps_its_newest_lines(tmp_path):
    log = LogFile(tmp_path / "x.log", max_bytes=1_000, kept_files=2)
    for number in range(1_000):
        log.write(f"line {number}\n".encode())
    log.close()
    assert {path.name for path in tmp_path.iterdir()} == {"x.log", "x.log.1", "x.log.2"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_200
    assert last_lines(tmp_path / "x.log", 3) == ["line 997", "line 998", "line 999"]


def test_the_last_lines_reach_into_the_file_moved_aside(tmp_path):
    (tmp_path / "x.log.1").write_text("a\nb\n")
    (tmp_path / "x.log").write_text("c\n")
    assert last_lines(tmp_path / "x.log", 2) == ["b", "c"]


def test_a_reader_goes_on_when_its_file_cannot_be_written(tmp_path):
    read, write = os.pipe()
    log = LogFile(tmp_path / "missing folder" / "x.log")
    with os.fdopen(read, "rb") as pipe, os.fdopen(write, "wb") as end:
        reader = PipeReader(pipe, log, re.compile("ready"))
        end.write(b"one\n" * 50_000 + b"now ready\n")  # far more than a pipe holds
        end.flush()
        assert eventually(reader.seen.is_set)
        end.close()
        reader.finish()


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    read, write = os.pipe()
    with os.fdopen(read, "rb") as pipe, os.fdopen(write, "wb") as end:
        log = LogFile(tmp_path / "x.log")
        reader = PipeReader(pipe, log)
        end.write(b"x" * 500_000)
        end.close()
        reader.finish()
        log.close()
    assert max(len(line) for line in reader.last_lines) <= 65_536
    assert (tmp_path / "x.log").stat().st_size == 500_000


def test_following_a_log_shows_every_new_line_once_across_a_rotation(tmp_path):
    path = tmp_path / "x.log"
    path.write_text("old\n")
    seen = tail("x", path)
    assert next(seen) == []
    with path.open("a") as file:
        file.write("one\n")
    assert next(seen) == [("x", "one")]
    with path.open("a") as file:
        file.write("two\n")
    path.rename(tmp_path / "x.log.1")
    path.write_text("three\n")
    assert next(seen) == [("x", "two"), ("x", "three")]
    assert next(seen) == []
    seen.close()


def test_following_a_log_that_does_not_exist_yet_shows_it_from_its_beginning(tmp_path):
    seen = tail("x", tmp_path / "x.log")
    assert next(seen) == []
    (tmp_path / "x.log").write_text("first\n")
    assert next(seen) == [("x", "first")]
    seen.close()
