"""What Airflow finds of the installed distribution."""

from __future__ import annotations

from importlib import import_module

import pytest

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.filterwarnings("default")]

DISTRIBUTION = "kraken-migration"


def test_airflow_loads_the_plugin_once_although_the_checkout_is_its_plugins_folder() -> None:
    from airflow import settings
    from airflow.plugins_manager import get_fastapi_plugins, get_import_errors, get_plugin_info

    from tests.conftest import ROOT

    assert str(ROOT / "plugins") == settings.PLUGINS_FOLDER
    loaded = [plugin for plugin in get_plugin_info() if plugin["name"] == "kraken_migration"]
    assert get_import_errors() == {}
    (plugin,) = loaded
    assert DISTRIBUTION in str(plugin["source"])
    apps, _ = get_fastapi_plugins()
    assert [app["name"] for app in apps].count("Migration reports") == 1


def test_what_the_provider_names_is_there() -> None:
    from airflow.providers_manager import ProvidersManager
    from airflow.sdk import BaseHook, BaseOperatorLink
    from airflow.triggers.base import BaseTrigger

    manager = ProvidersManager()
    info = manager.providers[DISTRIBUTION].data
    for key, base in (("hooks", BaseHook), ("triggers", BaseTrigger)):
        for name in (name for each in info[key] for name in each["python-modules"]):
            module = import_module(name)
            assert any(
                isinstance(each, type) and issubclass(each, base) and each.__module__ == name
                for each in vars(module).values()
            ), name
    for path in info["extra-links"]:
        module_name, _, name = path.rpartition(".")
        assert issubclass(getattr(import_module(module_name), name), BaseOperatorLink)
        assert path in manager.extra_links_class_names
    # A second way to the plugin would be refused as one of the same name.
    assert not [plugin for plugin in manager.plugins if plugin.plugin_class.startswith("kraken_import")]
