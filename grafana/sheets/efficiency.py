"""L2: where the energy goes."""

from __future__ import annotations

from typing import Final

from grafana.panels import GREY, Query, graph, m, number, over, sheet

SHEET: Final = sheet(
    "efficiency",
    "Ridethrough L2: efficiency and PUE",
    "From the estimated state of the network, with its uncertainty.",
    number(
        "PUE",
        "Facility energy by IT energy since the daemon started (ISO/IEC 30134-2).",
        "none",
        Query(m("estimate_pue_pu"), "{{category}}"),
        over(1.3, 1.5),
        span=6,
    ),
    number(
        "Facility",
        "All that the site consumes and loses.",
        "watt",
        Query(m("estimate_facility_w"), "facility"),
        span=6,
    ),
    number("IT", "IT at its inlets.", "watt", Query(m("estimate_it_w"), "IT"), span=6),
    number(
        "Saved by 800 V",
        "Less energy for the same work than the AC chain would take.",
        "percentunit",
        Query(m("estimate_saved_pu"), "saved"),
        span=6,
    ),
    graph(
        "PUE",
        "The ratio of energies since the start.",
        "none",
        Query(m("estimate_pue_pu"), "PUE, {{category}}"),
        steps=over(1.3, 1.5),
    ),
    graph(
        "Worth of PUE",
        "One standard deviation of the present ratio of powers where it is below one: with hardly "
        "a load there is none.",
        "none",
        Query(f"{m('estimate_pue_sigma_pu')} < 1", "deviation, {{category}}"),
        steps=((None, GREY),),
    ),
    graph(
        "Efficiency by chain",
        "Product of the stages from the intake to the chip.",
        "percentunit",
        Query(m("estimate_chain_efficiency_pu"), "{{chain}}"),
    ),
    graph(
        "Facility, IT, losses",
        "Powers of the site as estimated.",
        "watt",
        Query(m("estimate_facility_w"), "facility"),
        Query(m("estimate_it_w"), "IT"),
        Query(m("estimate_losses_w"), "losses"),
    ),
    graph(
        "Efficiency by stage",
        "Given by taken. A stage that runs at low load shows here.",
        "percentunit",
        Query(m("estimate_stage_efficiency_pu"), "{{chain}}: {{stage}}"),
        wide=True,
    ),
    graph(
        "Losses by equipment",
        "Transformers and converters, estimated.",
        "watt",
        Query(m("estimate_loss_w"), "{{equipment}}"),
    ),
    graph(
        "Energy since the start",
        "What PUE is made of.",
        "watth",
        Query(m("estimate_facility_wh"), "facility"),
        Query(m("estimate_it_wh"), "IT"),
        Query(m("estimate_losses_wh"), "losses"),
    ),
    graph(
        "Meters against the estimate",
        "What a meter shows less what it should. Steady and large means it lies.",
        "watt",
        Query(m("estimate_mismatch_w"), "{{equipment}}"),
    ),
    graph(
        "Worth of the estimate",
        "Sum of squared residuals against what is expected when no instrument lies.",
        "none",
        Query(m("estimate_chi_square"), "chi-square"),
        Query(m("estimate_degrees_of_freedom"), "expected"),
        steps=((None, GREY),),
    ),
    graph(
        "Largest residual",
        "By its own deviation. Above 5 for long an instrument or a breaker lies.",
        "none",
        Query(m("estimate_normalised_residual"), "largest"),
        steps=over(3, 5),
        wide=True,
    ),
)
