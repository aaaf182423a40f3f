"""Prometheus' rules and Grafana's dashboard speak of metrics that exist, and promtool understands them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

import services
from shared.runtime import metrics
from tools.contracts.system import declared_services

ROOT = Path(__file__).parent.parent.parent
PROMETHEUS = ROOT / "deploy/prometheus"
TESTS = PROMETHEUS / "rules_test.yml"
GRAFANA = ROOT / "deploy/grafana"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


RULES = [rule for group in read(PROMETHEUS / "rules.yml")["groups"] for rule in group["rules"]]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
CONFIG = read(PROMETHEUS / "prometheus.yml")
DASHBOARD = json.loads((GRAFANA / "dashboards/stages.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = {
    **{f"rule {rule.get('record') or rule['alert']}": rule["expr"] for rule in RULES},
    **{f"panel {panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]},
}
TARGET_LABELS = {"job", "service", "instance", "le"}
STAGES = {stage.name for service in declared_services() for stage in service.stages}
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}

expressions = pytest.mark.parametrize("where", EXPRESSIONS)
alerts = pytest.mark.parametrize("name", ALERTS)


def exposed() -> dict[str, set[str]]:
    """Every series that a service exposes, and its labels."""
    families = [family for family in vars(metrics).values() if isinstance(family, MetricWrapperBase)]
    return {
        described.name + suffix: {*family._labelnames}
        for family in families
        for described in family.describe()
        for suffix in SUFFIXES[described.type]
    }


def named(expression: str) -> set[str]:
    """The series that an expression reads."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:beamcat|stage)[_:][\w:]+", bare))


def promtool(*arguments: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian, Ubuntu: apt install prometheus)")
    run = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@expressions
def test_an_expression_reads_only_series_that_exist(where: str) -> None:
    series = named(EXPRESSIONS[where])
    assert series or "up{" in EXPRESSIONS[where]
    assert series <= exposed().keys() | RECORDED


@expressions
def test_an_expression_uses_only_labels_that_its_series_have(where: str) -> None:
    expression = EXPRESSIONS[where]
    grouped = {label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(", ")}
    matched = set(re.findall(r'(\w+)=~?"', expression))
    known = TARGET_LABELS.union(*(exposed().get(series, {"stage"}) for series in named(expression)))
    assert grouped | matched <= known


@expressions
def test_an_expression_names_only_stages_and_relays_that_exist(where: str) -> None:
    assert set(re.findall(r'\bstage="(\w+)"', EXPRESSIONS[where])) <= STAGES
    for relay in re.findall(r'\brelay="([\w-]+)"', EXPRESSIONS[where]):
        declared = [file.read_text(encoding="utf-8") for file in (ROOT / "services").glob("*/app.py")]
        assert any(f'Relay("{relay}"' in text for text in declared)


def test_every_metric_is_looked_at() -> None:
    looked_at = {re.sub(r"_(bucket|sum|count)$", "", name) for text in EXPRESSIONS.values() for name in named(text)}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed()} <= looked_at


def test_every_service_is_scraped_and_missed() -> None:
    job = next(job for job in CONFIG["scrape_configs"] if job["job_name"] == "beamcat")
    assert sorted(job["dns_sd_configs"][0]["names"]) == sorted(services.NAMES)
    missed = re.findall(r'absent\(up\{job="beamcat", service="(\w+)"', ALERTS["BeamcatServiceMissing"]["expr"])
    assert sorted(missed) == sorted(services.NAMES)


@alerts
def test_an_alert_has_its_section_and_its_test(name: str) -> None:
    page, _, anchor = ALERTS[name]["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    tried = [case for test in read(TESTS)["tests"] for case in test.get("alert_rule_test", ())]
    assert any(case["exp_alerts"] for case in tried if case["alertname"] == name)


def test_every_recorded_series_has_its_test() -> None:
    tests = TESTS.read_text(encoding="utf-8")
    assert not [name for name in RECORDED if f"expr: {name}" not in tests and f"({name}" not in tests]


def test_prometheus_takes_the_configuration() -> None:
    promtool("check", "config", str(PROMETHEUS / "prometheus.yml"))


def test_the_rules_say_what_their_tests_expect() -> None:
    promtool("test", "rules", str(TESTS))


def test_every_panel_asks_something_that_prometheus_understands(tmp_path: Path) -> None:
    asked = [expression for where, expression in EXPRESSIONS.items() if where.startswith("panel ")]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    promtool("check", "rules", str(file))


def test_the_dashboard_finds_its_data_source_and_grafana_the_dashboard() -> None:
    [source] = read(GRAFANA / "provisioning/datasources/prometheus.yaml")["datasources"]
    compose = read(ROOT / "deploy/compose.yaml")["services"]
    assert source["url"].removeprefix("http://").split(":")[0] in compose
    used = [part["datasource"] for panel in PANELS for part in (panel, *panel["targets"])]
    assert used == [{"type": source["type"], "uid": source["uid"]}] * len(used)
    [provider] = read(GRAFANA / "provisioning/dashboards/beamcat.yaml")["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["grafana"]["volumes"]
    home = compose["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home) == Path(provider["options"]["path"]) / "stages.json"


def test_no_two_panels_lie_over_each_other() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
