"""Values of Secrets are blanked before a manifest travels; everything else, and every position, stays."""

from __future__ import annotations

import json

import pytest

from ai4k8s_gateway.domain.secret_text import holds_secret_data, masked
from benchmarks.manifest_cases import bases

SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: canary\n{data}type: Opaque\n"


@pytest.mark.parametrize(
    "data",
    [
        "data:\n  token: Q2FuYXJ5U2VjcmV0\n",
        "stringData:\n  token: CanarySecret\n  'other key': \"CanarySecret 2\"\n",
        "stringData:\n  file: |\n    CanarySecret\n    more: CanarySecret\n",
        "stringData: {token: CanarySecret}\n",
        "data:\n\n  # a comment\n  token: >-\n    Q2FuYXJ5\n    U2VjcmV0\n",
    ],
)
def test_no_value_of_a_secret_is_left_and_no_length_changes(data: str) -> None:
    text = f"{bases()['deployment']}---\n{SECRET.format(data=data)}---\n{bases()['job']}"

    blank = masked(text)

    assert not {"Canary", "Q2Fu", "U2Vj"} & {blank[i : i + n] for n in (4, 6) for i in range(len(blank))}
    assert [len(line) for line in blank.split("\n")] == [len(line) for line in text.split("\n")]
    assert "name: canary" in blank
    assert bases()["job"] in blank
    assert holds_secret_data(text)


def test_json_and_lists_are_blanked_too() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"token": "Q2FuYXJ5"}}
    assert "Q2FuYXJ5" not in masked(json.dumps(secret))
    assert "Q2FuYXJ5" not in masked(json.dumps({"kind": "List", "apiVersion": "v1", "items": [secret]}, indent=2))
    listed = "apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  data:\n    token: Q2FuYXJ5\n- data:\n    t: Q2FuYXJ5\n  kind: Secret\n"
    assert "Q2FuYXJ5" not in masked(listed)


def test_what_is_no_secret_stays_as_it_is() -> None:
    for name, text in bases().items():
        if name != "config":
            assert masked(text) == text
            assert not holds_secret_data(text)
    config = bases()["config"]
    assert masked(config).split("---")[0] == config.split("---")[0]
