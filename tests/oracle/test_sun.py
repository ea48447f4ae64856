"""The sun as pvlib sees it, and what reaches a plane.

Tolerances: position 0.05 degrees, clear sky 0.5 %, diffuse part 0.5 %, tilted plane 1 %.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pvlib
import pytest

from device_emulators.irradiance import read_irradiance
from device_emulators.plant import sun
from device_emulators.plant.sun import Plane
from tests.shared_data import shared

PLACES = [(37.5, 127.0), (36.1, -79.95), (-33.9, 18.4), (60.2, 24.9), (1.35, 103.8)]
TIMES = pd.date_range("2026-01-03", "2026-12-28", freq="37h", tz="UTC")


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_position(latitude: float, longitude: float) -> None:
    theirs = pvlib.solarposition.get_solarposition(TIMES, latitude, longitude, method="nrel_numpy")
    ours = [sun.position(t.timestamp(), latitude, longitude) for t in TIMES]
    elevation = np.degrees([s.elevation_rad for s in ours])
    assert elevation == pytest.approx(theirs["elevation"].to_numpy(), abs=0.05)
    up = theirs["elevation"].to_numpy() < 85.0
    azimuth = np.degrees([s.azimuth_rad for s in ours])
    apart = (azimuth - theirs["azimuth"].to_numpy() + 180.0) % 360.0 - 180.0
    across = apart * np.cos(np.radians(elevation))
    assert float(np.abs(across[up]).max()) < 0.05


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_clear_sky_and_its_diffuse_part(latitude: float, longitude: float) -> None:
    found = [sun.position(t.timestamp(), latitude, longitude) for t in TIMES]
    zenith = pd.Series([90.0 - math.degrees(s.elevation_rad) for s in found], index=TIMES)
    day = zenith < 85.0
    theirs = pvlib.clearsky.haurwitz(zenith)["ghi"][day].to_numpy()
    ours = np.array([sun.clear_sky_w_m2(s) for s in found])[day.to_numpy()]
    assert ours == pytest.approx(theirs, rel=0.005)
    clearness = np.linspace(0.01, 1.0, 50)
    erbs = [_erbs(k) for k in clearness]
    assert [sun.diffuse_pu(k) for k in clearness] == pytest.approx(erbs, rel=0.005)


def _erbs(clearness: float) -> float:
    """Return pvlib's diffuse part for the sun overhead on the day of mean distance."""
    time = pd.DatetimeIndex(["2026-04-04 12:00"], tz="UTC")
    extra = float(pvlib.irradiance.get_extra_radiation(time).iloc[0])
    found = pvlib.irradiance.erbs(clearness * extra, 0.0, time)
    return float(np.asarray(found["dhi"]).item()) / (clearness * extra)


@pytest.mark.parametrize(("tilt", "azimuth"), [(0.0, 180.0), (25.0, 180.0), (40.0, 110.0)])
def test_a_tilted_plane(tilt: float, azimuth: float) -> None:
    latitude, longitude = 36.1, -79.95
    theirs, ours = [], []
    for time in TIMES:
        at = sun.position(time.timestamp(), latitude, longitude)
        if at.elevation_rad < math.radians(10.0):
            continue
        zenith = 90.0 - math.degrees(at.elevation_rad)
        ghi = sun.clear_sky_w_m2(at)
        height = math.sin(at.elevation_rad)
        dhi = ghi * sun.diffuse_pu(ghi / (sun.SOLAR_W_M2 * height))
        total = pvlib.irradiance.get_total_irradiance(
            tilt,
            azimuth,
            zenith,
            math.degrees(at.azimuth_rad),
            dni=(ghi - dhi) / height,
            ghi=ghi,
            dhi=dhi,
            albedo=0.2,
            model="isotropic",
        )
        theirs.append(float(total["poa_global"]))
        plane = Plane(latitude, longitude, tilt, azimuth)
        ours.append(sun.on_plane_w_m2(time.timestamp(), plane))
    assert ours == pytest.approx(theirs, rel=0.01)
    assert len(ours) > 50


def test_clouds_dim_by_kasten_and_czeplak() -> None:
    plane = Plane(36.1, -79.95, 25.0, 180.0)
    noon = pd.Timestamp("2026-06-21 17:20", tz="UTC").timestamp()
    clear = sun.on_plane_w_m2(noon, plane)
    assert 900.0 < clear < 1100.0
    assert sun.on_plane_w_m2(noon, plane, 1.0) == pytest.approx(0.25 * clear)
    assert sun.on_plane_w_m2(noon, plane, 0.5) == pytest.approx(clear * (1.0 - 0.75 * 0.5**3.4))
    assert sun.on_plane_w_m2(noon + 43_200.0, plane) == 0.0


def test_a_measured_year_has_its_yield_and_its_clear_hours_are_those_of_our_sky() -> None:
    record = read_irradiance(shared("tmy3_greensboro_pv_per_kwp_1h.csv.gz"))
    assert len(record.time_s) == 8760
    assert float(record.output_pu.sum()) == pytest.approx(1386.0, abs=1.0)
    middle = record.time_s - 1800.0
    clear = np.array([sun.clear_sky_w_m2(sun.position(t, 36.1, -79.95)) for t in middle]) / 1000.0
    high = clear > 0.5
    ratio = record.irradiance_pu[high] / clear[high]
    assert 0.95 < float(np.percentile(ratio, 95)) < 1.08  # the clear hours
    assert 0.6 < float(ratio.mean()) < 0.85  # all of them, with their clouds
    dark = clear == 0.0
    assert float(record.irradiance_pu[dark].max()) < 0.05
    june = 1_782_000_000.0  # 2026-06-21 00:00 UTC
    noon, midnight = record.at(june + 17.4 * 3600.0), record.at(june + 5.0 * 3600.0)
    assert noon[0] > 0.1
    assert midnight == (0.0, 0.0)
