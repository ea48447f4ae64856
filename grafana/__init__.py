"""Dashboards of Grafana as code, written with Grafana's own Python SDK.

`python -m grafana` writes `dashboards/*.json`, which is what Grafana is provisioned with
(`provisioning/`); `python -m grafana.preview` draws every panel with what a Prometheus holds.
Levels follow ISA-101: L1 the power path at a glance, L2 one page for each part of the plant, L3 one
device, and beside them alarms and the daemon's own health.

Must not know: the daemon. A dashboard knows names of metrics and nothing else, and the tests ask a
real Prometheus whether they exist.

Add here: one file in `sheets` for a dashboard, and its name in `sheets.ALL`.
"""
