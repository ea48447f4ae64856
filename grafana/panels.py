"""The house style: what every dashboard and every panel has, said once.

A panel cannot be made without title, description and unit; thresholds colour it. Every query
carries the matchers of the two variables `job` and `instance`, so that one set of dashboards serves
many daemons. Units are Grafana's own keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from grafana_foundation_sdk.builders import common as common_of
from grafana_foundation_sdk.builders import dashboard as make
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana_foundation_sdk.cog.builder import Builder

SOURCE: Final = model.DataSourceRef("prometheus", "$datasource")
TAG: Final = "ridethrough"
GREEN, YELLOW, RED, BLUE, GREY = "green", "yellow", "red", "blue", "text"

Panel: TypeAlias = "Builder[model.Panel]"
Steps: TypeAlias = "Sequence[tuple[float | None, str]]"


class Query(NamedTuple):
    """What is asked, and what a line of the answer is called."""

    expr: str
    legend: str


FINE: Final[Steps] = ((None, GREEN),)


def over(warn: float, bad: float | None = None) -> Steps:
    """Return thresholds for what should stay low."""
    return ((None, GREEN), (warn, YELLOW), *(() if bad is None else ((bad, RED),)))


def under(warn: float, bad: float) -> Steps:
    """Return thresholds for what should stay high."""
    return ((None, RED), (bad, YELLOW), (warn, GREEN))


_OPERATOR: Final = {"": "=", "~": "=~", "!": "!=", "!~": "!~"}
_MATCH: Final = re.compile("(!~|~|!|)(.*)")


def m(name: str, **matchers: str) -> str:
    """Return the selector of a metric, for the daemons that are chosen.

    A label has to be what is given; `~`, `!` and `!~` before it stand for `=~`, `!=` and `!~`.
    """
    said = ['job=~"$job"', 'instance=~"$instance"']
    for label, wanted in matchers.items():
        found = _MATCH.fullmatch(wanted)
        assert found is not None
        said.append(f'{label}{_OPERATOR[found[1]]}"{found[2]}"')
    return f"ridethrough_{name}{{{', '.join(said)}}}"


def _thresholds(steps: Steps) -> make.ThresholdsConfig:
    made = [model.Threshold(value, colour) for value, colour in steps]
    return make.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


def _targets(queries: Sequence[Query], *, instant: bool = False) -> list[prometheus.Dataquery]:
    made = []
    for letter, query in zip("ABCDEFGH", queries, strict=False):
        one = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter)
        one = one.datasource(SOURCE)
        made.append(one.instant() if instant else one.range())
    return made


def graph(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    steps: Steps = FINE,
    wide: bool = False,
) -> Panel:
    """Return a panel of curves over time."""
    legend = (
        common_of.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.RIGHT)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull", "min", "max"])
    )
    tooltip = common_of.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = timeseries.Panel().title(title).description(description).unit(unit).datasource(SOURCE)
    shown = common_of.GraphThresholdsStyleConfig().mode(
        common.GraphThresholdsStyleMode.OFF
        if len(steps) == 1
        else common.GraphThresholdsStyleMode.DASHED
    )
    return (
        panel.targets(list(_targets(queries)))
        .thresholds(_thresholds(steps))
        .thresholds_style(shown)
        .legend(legend)
        .tooltip(tooltip.sort(common.SortOrder.DESCENDING))
        .line_width(1)
        .fill_opacity(5)
        .height(9)
        .span(24 if wide else 12)
    )


def number(
    title: str, description: str, unit: str, query: Query, steps: Steps = FINE, span: int = 4
) -> Panel:
    """Return a panel of one figure, coloured by its thresholds."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .targets(list(_targets([query], instant=True)))
        .thresholds(_thresholds(steps))
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_of.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(4)
        .span(span)
    )


State: TypeAlias = "tuple[str, str]"
"""Words for a value, and its colour."""


def states(
    title: str, description: str, words: Sequence[State], *queries: Query, wide: bool = False
) -> Panel:
    """Return a panel of stages over time; `words` are for 0, 1, 2..."""
    results = {
        str(value): model.ValueMappingResult(text=text, color=colour, index=value)
        for value, (text, colour) in enumerate(words)
    }
    steps: Steps = [(None if i == 0 else float(i), colour) for i, (_, colour) in enumerate(words)]
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .unit("none")
        .datasource(SOURCE)
        .targets(list(_targets(queries)))
        .thresholds(_thresholds(steps))
        .mappings([model.ValueMap(options=results)])
        .color_scheme(make.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .merge_values(merge_values=True)
        .show_value(common.VisibilityMode.AUTO)
        .height(9)
        .span(24 if wide else 12)
    )


def listing(title: str, description: str, unit: str, query: Query, steps: Steps = FINE) -> Panel:
    """Return a table of what a query finds now."""
    target = _targets([query], instant=True)[0].format(PromQueryFormat.TABLE)
    hidden = dict.fromkeys(("Time", "__name__", "job", "instance", "alertstate"), True)
    organised = model.DataTransformerConfig("organize", options={"excludeByName": hidden})
    return (
        table.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .targets([target])
        .thresholds(_thresholds(steps))
        .with_transformation(organised)
        .height(9)
        .span(12)
    )


def _variables() -> list[make.DatasourceVariable | make.QueryVariable]:
    source = make.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return [source, choice("job", "Job", ""), choice("instance", "Instance", 'job=~"$job"')]


def choice(label: str, title: str, matchers: str) -> make.QueryVariable:
    """Return a variable over the values of a label of the daemons."""
    selector = f"ridethrough_build_info{{{matchers}}}" if matchers else "ridethrough_build_info"
    return (
        _asked(label, title, f"label_values({selector}, {label})")
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
    )


def device() -> make.QueryVariable:
    """Return the variable that chooses one piece of equipment."""
    asked = f"label_values({m('point_quality')}, equipment)"
    return _asked("equipment", "Equipment", asked)


def _asked(name: str, title: str, query: str) -> make.QueryVariable:
    return (
        make.QueryVariable(name)
        .label(title)
        .query(query)
        .datasource(SOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


NOTES: Final = (
    ("Alarms of priority 1", RED, f"{m('alarms_active', priority='1')} > 0"),
    (
        "Switched",
        BLUE,
        f"changes({m('position')}[$__rate_interval]) > 0",
    ),
    (
        "Daemon started",
        "purple",
        f"{m('build_info')} unless {m('build_info')} offset 1m",
    ),
)
"""What happened, drawn through every panel: name, colour, and when it is not empty."""


def sheet(
    uid: str, title: str, description: str, *panels: Panel, more: Sequence[make.QueryVariable] = ()
) -> model.Dashboard:
    """Return a dashboard with the variables, annotations and links that all have."""
    dashboard = (
        make.Dashboard(title)
        .uid(f"ridethrough-{uid}")
        .description(description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time("now-15m", "now")
        .refresh("5s")
        .link(
            make.DashboardLink("Ridethrough")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(as_dropdown=True)
            .include_vars(include_vars=True)
            .keep_time(keep_time=True)
        )
    )
    for variable in (*_variables(), *more):
        dashboard = dashboard.with_variable(variable)
    for name, colour, expr in NOTES:
        note = make.AnnotationQuery().name(name).datasource(SOURCE).enable(enable=True)
        dashboard = dashboard.annotation(note.icon_color(colour).expr(expr))
    for number_, panel in enumerate(panels, 1):
        dashboard = dashboard.with_panel(panel.id(number_))  # type: ignore[attr-defined]
    return dashboard.build()
