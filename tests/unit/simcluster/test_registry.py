"""The catalogue of types, and what is derived from it."""

from __future__ import annotations

from pathlib import Path

from ai4k8s_simcluster.api.discovery import Discovery
from ai4k8s_simcluster.api.openapi import OpenApi
from ai4k8s_simcluster.registry import AUTOSCALERS, AUTOSCALERS_V1, EVENTS, GROUP_EVENTS, PODS, Catalogue
from ai4k8s_simcluster.registry.__main__ import document
from ai4k8s_simcluster.registry.model import Family
from ai4k8s_simcluster.schema import definitions
from ai4k8s_simcluster.tables import columns_of

ROOT = Path(__file__).parents[3]


def test_the_published_list_is_the_one_that_is_served() -> None:
    assert (ROOT / "docs/simcluster-api.md").read_text() == document()


def test_every_type_that_takes_bodies_has_a_published_definition() -> None:
    lacking = [t.key for t in Catalogue().types if t.stored and t.definition not in definitions()]
    assert lacking == []


def test_a_type_can_be_shown_in_several_versions_and_is_kept_once() -> None:
    stored = Catalogue().stored_types
    assert AUTOSCALERS in stored
    assert AUTOSCALERS_V1 not in stored
    assert GROUP_EVENTS.storage is EVENTS


def test_a_catalogue_learns_and_forgets_types_without_touching_another() -> None:
    catalogue, other = Catalogue(), Catalogue()
    widgets = Family("example.com", "v1", "com.example.v1").resource("widgets", "Widget")
    catalogue.add(widgets)
    assert catalogue.find("example.com", "v1", "widgets") is widgets
    assert catalogue.of_kind("example.com/v1", "Widget") is widgets
    assert catalogue.groups[-1] == ("example.com", "v1")
    assert other.find("example.com", "v1", "widgets") is None
    catalogue.remove(widgets)
    assert catalogue.by_key(widgets.key) is None


def test_discovery_names_the_preferred_version_first_and_one_storage_hash_for_both() -> None:
    discovery = Discovery(Catalogue())
    group = discovery.group("autoscaling")
    assert group is not None
    assert group["preferredVersion"]["version"] == "v2"
    lists = [discovery.resource_list("autoscaling", version) for version in ("v1", "v2")]
    hashes = {found["resources"][0]["storageVersionHash"] for found in lists if found}
    assert hashes == {"qwQve8ut294="}


def test_aggregated_discovery_tells_the_same_as_the_older_form() -> None:
    discovery = Discovery(Catalogue())
    plain = discovery.resource_list("apps", "v1")
    assert plain is not None
    whole = next(item for item in discovery.aggregated(core=False)["items"] if item["metadata"]["name"] == "apps")
    found = {
        f"{one['resource']}/{sub['subresource']}" if sub else one["resource"]
        for one in whole["versions"][0]["resources"]
        for sub in (None, *one.get("subresources", ()))
    }
    assert found == {entry["name"] for entry in plain["resources"]}


def test_openapi_documents_refer_only_to_what_they_contain() -> None:
    api = OpenApi(Catalogue())
    for text, prefix in ((api.document("apis/apps/v1"), "#/components/schemas/"), (api.legacy(), "#/definitions/")):
        assert text is not None
        body = text.decode()
        names = {part.split('"', 1)[0] for part in body.split(f'"$ref":"{prefix}')[1:]}
        assert names
        assert all(f'"{name}":{{' in body for name in names)


def test_every_column_of_a_table_says_what_it_shows() -> None:
    silent = [
        (found.kind, column["name"])
        for found in Catalogue().stored_types
        for column in columns_of(found)
        if not column["description"]
    ]
    assert silent == []
    assert [column["name"] for column in columns_of(PODS)][:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
