"""The synthetic training load beside 64 measured nodes: figures and a picture.

`python -m tests.oracle.training_load OUT.html` draws both and prints their figures.

Measured: AC input of 64 nodes with 8 H100 each, GPT-3 175B, MLPerf Training v4.0 (Sustainable Metal
Cloud, result 5848, Apache-2.0). Every node was sampled about every 2.005 s at a phase of its own
and its last reading held on a grid of 2 s; the synthetic job is sampled the same way.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from device_emulators.plant.training import RATING_W, Training
from device_emulators.trace import read_trace
from tests.shared_data import shared

FILE: Final = "mlperf_gpt3_64x8h100_node_power_2s.csv.gz"
NODE_W: Final = RATING_W / 17
STEP_S, SAMPLE_S = 2.0, 2.005
BANDS: Final = (
    (0.004, 0.025),
    (0.025, 0.08),
    (0.08, 0.105),
    (0.105, 0.165),
    (0.165, 0.205),
    (0.205, 0.25),
)
"""Bands of frequency [Hz]: evaluations, their harmonics, the step, between, twice it, above."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """What is compared.

    Attributes:
        mean_w: mean power of the job [W].
        peak_w: highest sample [W].
        swing_median_pu: median of the swing in 5 s (three samples), by the peak [pu].
        swing_p95_pu: its 95th percentile [pu].
        swing_max_pu: its maximum [pu].
        std_pu: standard deviation by the peak [pu].
        step_hz: frequency of the strongest line between 0.06 and 0.15 Hz [Hz].
        bands_pu: root mean square in `BANDS`, by the peak [pu].
    """

    mean_w: float
    peak_w: float
    swing_median_pu: float
    swing_p95_pu: float
    swing_max_pu: float
    std_pu: float
    step_hz: float
    bands_pu: tuple[float, ...]


def measured() -> tuple[Array, Array]:
    """Return the times [s] and the power of the measured job [W]."""
    trace = read_trace(shared(FILE))
    return trace.t_s, trace.columns_w.sum(axis=1)


def synthetic(seed: int, lasts_s: float = 3412.0) -> tuple[Array, Array]:
    """Return the same of a synthetic job of 64 nodes that writes one checkpoint in that time.

    The one long wait of the measured run comes with its first evaluation; so does the checkpoint.
    """
    rng = np.random.default_rng(seed)
    job = Training(checkpoint_evaluations=24)
    grid_s: Array = np.arange(0.0, lasts_s, STEP_S, dtype=np.float64)
    begun_s = float(rng.uniform(0.0, job.evaluate_steps * job.step_s))
    total_w = np.zeros(len(grid_s))
    for _ in range(64):
        phase_s = rng.uniform(0.0, SAMPLE_S)
        sampled_s = np.floor((grid_s - phase_s) / SAMPLE_S) * SAMPLE_S + phase_s
        level = job.level_pu(sampled_s + begun_s + SAMPLE_S)
        total_w += level * rng.uniform(0.988, 1.012) * NODE_W
    return grid_s, total_w


def spectrum(power_pu: Array, length: int = 256) -> tuple[Array, Array]:
    """Return frequencies [Hz] and the density of power (Welch, Hann, half overlapped) [pu^2/Hz]."""
    window = np.hanning(length)
    parts = [power_pu[i : i + length] for i in range(0, len(power_pu) - length + 1, length // 2)]
    squares = [np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2 for part in parts]
    density: Array = np.mean(squares, axis=0) * 2.0 * STEP_S / float((window**2).sum())
    hz: Array = np.asarray(np.fft.rfftfreq(length, STEP_S), np.float64)
    return hz, density


def swings_pu(power_w: Array) -> Array:
    """Return the swing in every 5 s, three samples, by the peak [pu]."""
    windows = np.lib.stride_tricks.sliding_window_view(power_w, 3)
    swing: Array = np.ptp(windows, axis=1) / power_w.max()
    return swing


def figures(power_w: Array) -> Figures:
    """Return the figures of a job sampled every 2 s."""
    peak_w = float(power_w.max())
    hz, density = spectrum(power_w / peak_w)
    swing = swings_pu(power_w)
    near = (hz > 0.06) & (hz < 0.15)
    return Figures(
        float(power_w.mean()),
        peak_w,
        float(np.median(swing)),
        float(np.percentile(swing, 95)),
        float(swing.max()),
        float(power_w.std() / peak_w),
        float(hz[near][np.argmax(density[near])]),
        tuple(
            float(np.sqrt(density[(hz >= low) & (hz < high)].sum() * hz[1])) for low, high in BANDS
        ),
    )


def draw(out: Path, seed: int = 1) -> None:
    """Draw both jobs: a stretch of time, the spectrum, and how often which swing comes."""
    figure = make_subplots(
        rows=3,
        cols=1,
        vertical_spacing=0.09,
        subplot_titles=("Power of 64 nodes", "Spectrum", "Swing in 5 s, part of the time below"),
    )
    for name, colour, (t_s, power_w) in (
        ("measured", "#444444", measured()),
        ("synthetic", "#d55e00", synthetic(seed)),
    ):
        shown = t_s < 600.0
        hz, density = spectrum(power_w / power_w.max())
        swing = np.sort(swings_pu(power_w)) * 100.0
        for row, x, y in (
            (1, t_s[shown], power_w[shown] / 1e3),
            (2, hz[1:], density[1:]),
            (3, swing, np.linspace(0.0, 1.0, len(swing))),
        ):
            line = {"color": colour, "width": 1.5}
            trace = go.Scatter(x=x, y=y, name=name, line=line, showlegend=row == 1)
            figure.add_trace(trace, row=row, col=1)
    for row, x_title, y_title in (
        (1, "time [s]", "power [kW]"),
        (2, "frequency [Hz]", "density [pu\u00b2/Hz]"),
        (3, "swing [% of peak]", "part"),
    ):
        figure.update_xaxes(title_text=x_title, row=row, col=1)
        figure.update_yaxes(title_text=y_title, row=row, col=1)
    figure.update_yaxes(type="log", row=2, col=1)
    figure.update_layout(height=1000, template="plotly_white", title="Training load: 64 x 8 H100")
    figure.write_html(out, include_plotlyjs=True)


def main() -> None:
    """Print the figures of both and draw them where asked to."""
    for name, (_, power_w) in (("measured", measured()), ("synthetic", synthetic(1))):
        print(f"{name:10} {figures(power_w)}")
    if len(sys.argv) > 1:
        draw(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
