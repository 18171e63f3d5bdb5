from __future__ import annotations

import pytest

from ai4k8s_standalone.errors import DiskFullError, NotReadyError, PortBusyError, explain


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device', DiskFullError),
        ("LOG:  could not bind IPv4 address: Address already in use", PortBusyError),
        ("[Errno 98] error while attempting to bind on address: address already in use", PortBusyError),
        ("something else", NotReadyError),
        ("", NotReadyError),
    ],
)
def test_the_last_words_of_a_process_become_an_error_that_says_what_to_do(words, kind):
    problem = explain("postgres ended", words)
    assert type(problem) is kind
    assert "postgres ended" in str(problem)
    assert problem.hint
